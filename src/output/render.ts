import { dump } from "js-yaml";
import { usageError } from "../core/errors.ts";
import { Gathered } from "./gathered.ts";
import { renderRecord, renderRecordTsv } from "./record.ts";
import type { Result, RowsResult, StreamResult } from "./result.ts";
import { sanitize } from "./sanitize.ts";
import type { Style } from "./style.ts";
import { type Column, type Row, renderTable, renderTsv } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export const OUTPUT_FORMATS = ["table", "json", "jsonl", "yaml", "name"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export interface RenderOptions {
  format: OutputFormat;
  /** Only these fields, in this order. */
  fields?: readonly string[] | undefined;
  quiet: boolean;
  terminal: Terminal;
  /** Style of stdout. */
  style: Style;
  now: Date;
}

/** Prints a result on stdout in the format that was asked for. @throws USAGE for a field that does not exist. */
export async function render(result: Result, options: RenderOptions): Promise<void> {
  switch (result.type) {
    case "text":
      return options.terminal.print(result.text);
    case "rows":
      return options.terminal.print(await renderRows(result, options));
    case "stream":
      return renderStream(result, options);
    case "record": {
      const chosen = pick(result.record, options.fields);
      const fields = options.fields === undefined ? result.fields : asColumns(options.fields);
      const { format, terminal, style, now } = options;
      if (format === "name" || (format === "table" && options.quiet)) {
        return terminal.print(`${result.nameOf(result.record)}\n`);
      }
      if (format !== "table") return terminal.print(serialize(chosen, format));
      if (result.sentence !== undefined && options.fields === undefined) {
        return terminal.print(`${style.symbol.ok} ${result.sentence}\n`);
      }
      await terminal.print(
        terminal.stdoutIsTerminal
          ? renderRecord(chosen, fields, { style, now })
          : renderRecordTsv(chosen, fields),
      );
      if (options.fields !== undefined || result.sections === undefined) return;
      for (const section of result.sections) await terminal.print(await renderSection(section, options));
      return;
    }
  }
}

/** On a terminal laid out to be read, elsewhere as it was written. */
async function renderSection(
  { title, markdown }: { title: string; markdown: string },
  { terminal, style }: RenderOptions,
): Promise<string> {
  if (!terminal.stdoutIsTerminal) return `\n${sanitize(markdown).trim()}\n`;
  const { renderMarkdown } = await import("./markdown.ts");
  const { width, unicode } = terminal;
  const text = renderMarkdown(markdown, { color: style.color, width, unicode });
  return `\n${style.paint.bold(title)}\n\n${text}`;
}

async function renderRows(result: RowsResult, options: RenderOptions): Promise<string> {
  const { format, terminal } = options;
  if (format === "name" || (format === "table" && options.quiet)) {
    return result.rows.map((row) => `${result.nameOf(row)}\n`).join("");
  }
  if (options.fields !== undefined) checkFields(options.fields, result.rows, result.columns);
  const chosen = result.rows.map((row) => pick(row, options.fields, true));
  if (format !== "table") return serialize(chosen, format);
  if (chosen.length === 0) {
    terminal.note(`${result.empty}\n`);
    return "";
  }
  const columns = options.fields === undefined ? result.columns : asColumns(options.fields, result.columns);
  return terminal.stdoutIsTerminal
    ? renderTable(chosen, columns, { width: terminal.width, style: options.style, now: options.now })
    : renderTsv(chosen, columns);
}

/** What was there before a failure is shown before it. */
async function renderStream(result: StreamResult, options: RenderOptions): Promise<void> {
  const gathered = new Gathered(options.terminal);
  try {
    for await (const row of result.rows) {
      await gathered.print(renderStreamed(pick(row, options.fields), result, options));
    }
  } finally {
    await gathered.flush();
  }
}

function renderStreamed(
  row: Row,
  result: { columns: readonly Column[]; nameOf: (row: Row) => string },
  options: RenderOptions,
): string {
  switch (options.format) {
    case "name":
      return `${result.nameOf(row)}\n`;
    case "yaml":
      return `---\n${serialize(row, "yaml")}`;
    case "json":
    case "jsonl":
      return `${JSON.stringify(row)}\n`;
    case "table":
      return renderTsv([row], options.fields === undefined ? result.columns : asColumns(options.fields));
  }
}

function serialize(value: unknown, format: "json" | "jsonl" | "yaml"): string {
  switch (format) {
    case "json":
      return `${JSON.stringify(value, null, 2)}\n`;
    case "jsonl":
      return (Array.isArray(value) ? value : [value]).map((item) => `${JSON.stringify(item)}\n`).join("");
    case "yaml":
      return dump(value);
  }
}

function pick(row: Row, fields: readonly string[] | undefined, checked = false): Row {
  if (fields === undefined) return row;
  if (!checked) checkFields(fields, [row], []);
  return Object.fromEntries(fields.map((field) => [field, row[field] ?? null]));
}

function checkFields(fields: readonly string[], items: readonly Row[], columns: readonly Column[]): void {
  const valid = new Set(columns.map((column) => column.key));
  for (const row of items) for (const key of Object.keys(row)) valid.add(key);
  if (valid.size === 0) return;
  const unknown = fields.filter((field) => !valid.has(field));
  if (unknown.length === 0) return;
  throw usageError(`unknown field "${unknown.join('", "')}" in --fields`, {
    hint: `fields: ${[...valid].sort().join(", ")}`,
  });
}

function asColumns(fields: readonly string[], columns: readonly Column[] = []): Column[] {
  return fields.map((key) => columns.find((column) => column.key === key) ?? { key });
}
