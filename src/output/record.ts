import { paintState, type Style } from "./style.ts";
import { type Column, cellText, type Row } from "./table.ts";
import { pad } from "./width.ts";

/** One object for people: a line a field, empty ones left out; nested objects are indented below their name. */
export function renderRecord(
  record: Row,
  fields: readonly Column[],
  options: { style: Style; now: Date },
): string {
  const lines = fields
    .map((field) => ({ field, text: cellText(record[field.key], field, options.now) }))
    .filter(({ text }) => text !== "");
  const label = (field: Column) => `${field.title ?? field.key}:`;
  const width = Math.max(0, ...lines.map(({ field }) => label(field).length));
  return lines
    .map(({ field, text }) => {
      const value = field.as === "state" ? paintState(options.style, text) : text;
      return `${options.style.paint.dim(pad(label(field), width))}  ${value}\n`;
    })
    .join("");
}

/** The same for pipes: `key<TAB>value`, full values. */
export function renderRecordTsv(record: Row, fields: readonly Column[]): string {
  return fields.map((field) => `${field.key}\t${cellText(record[field.key], field, undefined)}\n`).join("");
}
