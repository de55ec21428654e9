import type { Column, Row } from "./table.ts";

/** What a command hands back; the output layer turns it into the format that was asked for. */
export type Result = RowsResult | RecordResult | TextResult | StreamResult;

interface Outcome {
  /** Exit code when the work as such went well but has something to say (8 partly done, 10 differences). */
  exitCode?: number;
}

export interface RowsResult extends Outcome {
  type: "rows";
  rows: readonly Row[];
  columns: readonly Column[];
  /** Said on stderr when there is no row. */
  empty: string;
  /** What `-o name` prints for a row; a spelling that other commands accept. */
  nameOf: (row: Row) => string;
}

export interface RecordResult extends Outcome {
  type: "record";
  record: Row;
  fields: readonly Column[];
  /** Longer texts of the record, in Markdown, for people to read below its fields. */
  sections?: readonly { title: string; markdown: string }[];
  /** For people, instead of the fields: what was done, in a sentence. */
  sentence?: string;
  nameOf: (row: Row) => string;
}

export interface TextResult extends Outcome {
  type: "text";
  text: string;
}

export interface StreamResult extends Outcome {
  type: "stream";
  rows: AsyncIterable<Row>;
  columns: readonly Column[];
  nameOf: (row: Row) => string;
}

const byName = (row: Row) => String(row.name ?? "");

export function rows(
  items: readonly object[],
  columns: readonly Column[],
  options: { empty: string; nameOf?: (row: Row) => string; exitCode?: number },
): RowsResult {
  return {
    type: "rows",
    rows: items as readonly Row[],
    columns,
    empty: options.empty,
    nameOf: options.nameOf ?? byName,
    ...(options.exitCode === undefined ? {} : { exitCode: options.exitCode }),
  };
}

export function record(
  item: object,
  fields: readonly Column[],
  options: {
    nameOf?: (row: Row) => string;
    exitCode?: number;
    sections?: RecordResult["sections"] & object;
  } = {},
): RecordResult {
  return {
    type: "record",
    record: item as Row,
    fields,
    ...(options.sections === undefined ? {} : { sections: options.sections }),
    nameOf: options.nameOf ?? byName,
    ...(options.exitCode === undefined ? {} : { exitCode: options.exitCode }),
  };
}

/** A change: a sentence for people, the operation's result for scripts. */
export function done(
  sentence: string,
  item: object,
  options: { nameOf?: (row: Row) => string } = {},
): RecordResult {
  return { type: "record", record: item as Row, fields: [], sentence, nameOf: options.nameOf ?? byName };
}

export const text = (value: string): TextResult => ({ type: "text", text: value });

export function stream(
  items: AsyncIterable<object>,
  columns: readonly Column[],
  options: { nameOf?: (row: Row) => string } = {},
): StreamResult {
  return {
    type: "stream",
    rows: items as AsyncIterable<Row>,
    columns,
    nameOf: options.nameOf ?? byName,
  };
}
