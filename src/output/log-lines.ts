import type { LogLine } from "../core/observation.ts";
import type { Paint } from "./paint.ts";
import { sanitize, sanitizeLine } from "./sanitize.ts";
import type { Style } from "./style.ts";
import { displayWidth, pad, prepareWidths, truncate } from "./width.ts";

/** A wider name is cut, so that the text keeps its place. */
const WIDEST_PREFIX = 30;

const COLORS = ["cyan", "yellow", "green", "magenta", "blue"] as const satisfies readonly (keyof Paint)[];

/** A line of a plugin's log with the reference of the plugin. */
export interface LabelledLine extends LogLine {
  label: string;
}

export interface LogFormat {
  /** What each line begins with when there are several plugins; all as wide as the widest. */
  labels: readonly string[];
  style: Style;
  timestamps: boolean;
  /** What the plugin wrote goes to the terminal as it is: colours and all else that can steer it. */
  raw: boolean;
}

/** How lines of logs look to people. The colour of a plugin is the same in every run. */
export async function createLogFormatter(format: LogFormat): Promise<(line: LabelledLine) => string> {
  const { style } = format;
  const names = format.labels.map(sanitizeLine);
  await prepareWidths(names);
  const width = Math.min(WIDEST_PREFIX, Math.max(0, ...names.map(displayWidth)));
  const colors = assignColors(format.labels);
  const prefixes = new Map(
    format.labels.map((label) => {
      const text = `${pad(truncate(sanitizeLine(label), width), width)} | `;
      return [label, format.labels.length > 1 ? style.paint[colors.get(label) ?? "cyan"](text) : ""];
    }),
  );
  return ({ label, at, text }) => {
    const time = format.timestamps && at !== null ? `${style.paint.dim(sanitizeLine(at))} ` : "";
    return `${prefixes.get(label) ?? ""}${time}${format.raw ? closeColors(text) : sanitize(text)}\n`;
  };
}

/** By a hash of the name; of two names with one colour the later one (in order of names) takes the next that is free. */
function assignColors(labels: readonly string[]): Map<string, (typeof COLORS)[number]> {
  const assigned = new Map<string, (typeof COLORS)[number]>();
  const free = new Set<string>(COLORS);
  for (const label of [...labels].sort()) {
    let hash = 0;
    for (const character of label) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
    const preferred = COLORS.map((_, step) => COLORS[(hash + step) % COLORS.length] ?? "cyan");
    const color = preferred.find((candidate) => free.has(candidate)) ?? preferred[0] ?? "cyan";
    assigned.set(label, color);
    free.delete(color);
  }
  return assigned;
}

/** A colour that a line leaves on must not run into the next plugin's lines. */
const closeColors = (text: string) => (text.includes("\u001b[") ? `${text}\u001b[0m` : text);
