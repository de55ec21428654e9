const ASCII = /^[\x20-\x7e]*$/;

type Measure = (text: string) => number;
let measureWide: Measure | undefined;

/** Must be awaited once before `displayWidth` sees non-ASCII text; loads the width tables only then. */
export async function prepareWidths(texts: Iterable<string>): Promise<void> {
  if (measureWide !== undefined) return;
  for (const text of texts) {
    if (ASCII.test(text)) continue;
    const { default: stringWidth } = await import("string-width");
    measureWide = stringWidth;
    return;
  }
}

/** Columns that a text takes on a terminal: wide characters count two, combining ones none. */
export function displayWidth(text: string): number {
  if (ASCII.test(text) || measureWide === undefined) return text.length;
  return measureWide(text);
}

/** Cuts to at most `width` columns, with an ellipsis where something was cut; never splits a grapheme. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 1) return width === 1 ? "…" : "";
  let taken = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const next = displayWidth(segment);
    if (used + next > width - 1) break;
    taken += segment;
    used += next;
  }
  return `${taken}…`;
}

/** Pads with spaces to `width` columns. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const fill = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "left" ? text + fill : fill + text;
}
