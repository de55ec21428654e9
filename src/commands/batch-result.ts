import type { Outcome } from "../actions/batch.ts";
import type { Target } from "../config/config.ts";
import type { Host } from "../host.ts";
import { logEnd } from "../output/error.ts";
import { done, type Result, rows } from "../output/result.ts";
import type { Column, Row } from "../output/table.ts";

export interface BatchItem {
  label: string;
  target: Target;
  name: string;
}

export interface BatchRendering<T> {
  columns: readonly Column[];
  /** For people, when there is only one thing to say. */
  sentence: (item: BatchItem, value: T) => string;
  empty?: string;
  nameOf?: (row: Row) => string;
}

const ERROR_COLUMN: Column = {
  key: "error",
  drop: 0,
  show: (error) => (error as { message: string }).message,
};

/**
 * What came of a change to one or several plugins: a sentence for one, else a row for each in their order, with what
 * went wrong beside those that failed and the exit code 8. An item has as many rows as its work gave results.
 */
export function batchResult<T extends object>(
  host: Host,
  outcomes: readonly Outcome<BatchItem, readonly T[]>[],
  { columns, sentence, empty = "nothing to do", nameOf = byReference }: BatchRendering<T>,
): Result {
  const lines = outcomes.flatMap((outcome) => linesOf(host, outcome));
  const [only] = lines;
  if (outcomes.length === 1 && lines.length === 1 && only?.value !== undefined) {
    return done(sentence(only.item, only.value), only.row, { nameOf });
  }
  const failed = outcomes.some(({ error }) => error !== undefined);
  return rows(
    lines.map(({ row }) => ({ error: null, ...row })),
    [{ key: "target" }, { key: "name", drop: 0 }, ...columns, ...(failed ? [ERROR_COLUMN] : [])],
    { empty, nameOf, exitCode: failed ? 8 : 0 },
  );
}

interface Line<T> {
  item: BatchItem;
  value?: T;
  row: Row;
}

function linesOf<T extends object>(
  host: Host,
  { item, value, error }: Outcome<BatchItem, readonly T[]>,
): Line<T>[] {
  const identity = { target: item.target.name, kind: item.target.kind, name: item.name };
  if (error === undefined) return value.map((one) => ({ item, value: one, row: { ...identity, ...one } }));
  const { code, message, hint = null } = error;
  const log = logEnd(error).map((line) => `\n  | ${line}`);
  host.warn(`${item.label}: ${message}${hint === null ? "" : ` (${hint})`}${log.join("")}`);
  return [{ item, row: { ...identity, error: { code, message, hint } } }];
}

const byReference = (row: Row) => `${row.target}:${row.name}`;
