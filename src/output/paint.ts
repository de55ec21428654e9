const COLORS = ["bold", "dim", "red", "green", "yellow", "cyan", "magenta", "blue"] as const;

/** Paints text, or leaves it as it is. */
export type Paint = Readonly<Record<(typeof COLORS)[number], (text: string) => string>>;

/** Leaves every text as it is. */
export const PLAIN_PAINT = Object.fromEntries(
  COLORS.map((color) => [color, (text: string) => text]),
) as Paint;
