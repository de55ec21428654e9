import { type Paint, PLAIN_PAINT } from "./paint.ts";
import type { ColorMode, Terminal } from "./terminal.ts";

/** Colours and symbols of one stream. Colour never carries a meaning alone. */
export interface Style {
  /** False where nothing is painted. */
  readonly color: boolean;
  readonly paint: Paint;
  readonly symbol: {
    readonly ok: string;
    readonly fail: string;
    readonly warn: string;
    readonly info: string;
  };
}

/** The colour library is loaded only where there is something to paint. */
export async function createStyle(
  terminal: Terminal,
  stream: "stdout" | "stderr",
  mode: ColorMode,
): Promise<Style> {
  const level = terminal.colorLevel(stream, mode);
  const paint = level === 0 ? PLAIN_PAINT : (await import("./chalk.ts")).createPaint(level);
  const plain = terminal.unicode
    ? { ok: "✔", fail: "✖", warn: "⚠", info: "ℹ" }
    : { ok: "√", fail: "×", warn: "!!", info: "i" };
  return {
    color: level > 0,
    paint,
    symbol: {
      ok: paint.green(plain.ok),
      fail: paint.red(plain.fail),
      warn: paint.yellow(plain.warn),
      info: paint.cyan(plain.info),
    },
  };
}

const STATE_COLORS = new Map<string, "green" | "yellow" | "red" | "dim">(
  Object.entries({
    available: "green",
    installed: "green",
    running: "green",
    active: "green",
    published: "green",
    ready: "green",
    ok: "green",
    succeeded: "green",
    paused: "yellow",
    installing: "yellow",
    restarting: "yellow",
    removing: "yellow",
    yanked: "yellow",
    expired: "yellow",
    denied: "red",
    failed: "red",
    stopped: "dim",
    inactive: "dim",
    disabled: "dim",
    revoked: "dim",
    purged: "dim",
    withdrawn: "dim",
  } as const),
);

/** A state word in its colour. */
export function paintState(style: Style, state: string): string {
  const color = STATE_COLORS.get(state);
  return color === undefined ? state : style.paint[color](state);
}
