import { formatRelative, formatSize } from "./format.ts";
import { sanitizeLine } from "./sanitize.ts";
import { paintState, type Style } from "./style.ts";
import { displayWidth, pad, prepareWidths, truncate } from "./width.ts";

/** One row, as scripts get it. Columns name its fields. */
export type Row = Readonly<Record<string, unknown>>;

export interface Column {
  /** The field of the row. */
  key: string;
  title?: string;
  as?: "text" | "time" | "size" | "number" | "state";
  /** How a table and a pipe show a value that is more than a word; JSON has the value itself. */
  show?: (value: unknown) => string;
  /** Columns with a higher number go first when the terminal is too narrow (default 1; 0 is never dropped). */
  drop?: number;
}

const GAP = "   ";

/** A column is shortened to this before others are dropped for it, and to NARROWEST when none is left to drop. */
const COMFORTABLE = 20;
const NARROWEST = 8;

/** A value as text for people (`relative` times) or for pipes (full, ISO). */
export function cellText(value: unknown, column: Pick<Column, "as" | "show">, now: Date | undefined): string {
  if (value === null || value === undefined) return "";
  if (column.show !== undefined) return sanitizeLine(column.show(value));
  if (column.as === "time" && now !== undefined) return formatRelative(String(value), now);
  if (column.as === "size" && now !== undefined && typeof value === "number") return formatSize(value);
  if (Array.isArray(value)) return value.map((item) => cellText(item, {}, now)).join(", ");
  if (typeof value === "object") {
    const fields = Object.entries(value);
    const flat = fields.every(([, field]) => typeof field !== "object" || field === null);
    return sanitizeLine(
      now !== undefined && flat
        ? fields.map(([key, field]) => `${key} ${field}`).join(", ")
        : JSON.stringify(value),
    );
  }
  return sanitizeLine(String(value));
}

/** Tab-separated, no header, nothing cut: what a pipe gets. */
export function renderTsv(rows: readonly Row[], columns: readonly Column[]): string {
  return rows
    .map((row) => `${columns.map((column) => cellText(row[column.key], column, undefined)).join("\t")}\n`)
    .join("");
}

/** A table that fits `width`: the widest columns shrink first, then columns are dropped; lines never wrap. */
export async function renderTable(
  rows: readonly Row[],
  columns: readonly Column[],
  options: { width: number; style: Style; now: Date },
): Promise<string> {
  const cells = rows.map((row) => columns.map((column) => cellText(row[column.key], column, options.now)));
  const titles = columns.map((column) => (column.title ?? column.key).toUpperCase());
  await prepareWidths(cells.flat());
  const natural = titles.map((title, index) =>
    Math.max(displayWidth(title), ...cells.map((line) => displayWidth(line[index] ?? ""))),
  );
  const widths = columnWidths(natural, columns, options.width);
  const last = widths.findLastIndex((width) => width > 0);
  const line = (texts: readonly string[], paint: (text: string, column: Column) => string) =>
    `${columns
      .map((column, index) => ({ column, index, width: widths[index] ?? 0 }))
      .filter(({ width }) => width > 0)
      .map(({ column, index, width }) => {
        const align = column.as === "size" || column.as === "number" ? "right" : "left";
        const text = truncate(texts[index] ?? "", width);
        const padded = index === last && align === "left" ? text : pad(text, width, align);
        // Painted after padding is measured, so that escape codes do not count as columns.
        return padded.replace(text, () => paint(text, column));
      })
      .join(GAP)}\n`;
  const head = line(titles, (text) => options.style.paint.dim(text));
  const body = cells.map((texts) =>
    line(texts, (text, column) =>
      column.as === "state"
        ? paintState(options.style, text)
        : column === columns[0]
          ? options.style.paint.cyan(text)
          : text,
    ),
  );
  return head + body.join("");
}

/**
 * Column widths that fit; 0 means dropped. Long columns are shortened first, while they stay comfortable to read; then
 * the least important columns go, one by one; what is left is squeezed only when nothing more may go.
 */
function columnWidths(natural: readonly number[], columns: readonly Column[], available: number): number[] {
  const dropOrder = columns
    .map((column, index) => ({ index, drop: column.drop ?? 1 }))
    .filter(({ drop }) => drop > 0)
    .sort((a, b) => b.drop - a.drop || b.index - a.index)
    .map(({ index }) => index);
  const kept = [...natural];
  for (;;) {
    const widths = shrink(kept, COMFORTABLE, available);
    if (tableWidth(widths) <= available) return widths;
    const dropped = dropOrder.shift();
    if (dropped === undefined) return shrink(kept, NARROWEST, available);
    kept[dropped] = 0;
  }
}

/** Takes columns from the widest one until they fit, but none below `least`. */
function shrink(natural: readonly number[], least: number, available: number): number[] {
  const widths = [...natural];
  for (;;) {
    const excess = tableWidth(widths) - available;
    const widest = Math.max(...widths);
    if (excess <= 0 || widest <= least) return widths;
    const next = Math.max(least, ...widths.filter((width) => width < widest));
    widths[widths.indexOf(widest)] = Math.max(least, Math.min(next, widest - 1), widest - excess);
  }
}

function tableWidth(widths: readonly number[]): number {
  const shown = widths.filter((width) => width > 0);
  return shown.reduce((sum, width) => sum + width, 0) + GAP.length * (shown.length - 1);
}
