import { invalidError } from "../../core/errors.ts";

/**
 * Tag for paths that hold values: `` path`users/${login}` ``. Each value becomes one encoded segment.
 * @throws INVALID for a value that cannot be a segment: empty, `.` or `..` would address something else.
 */
export function path(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw({ raw: parts }, ...values.map(segment));
}

function segment(value: string): string {
  if (/^\.{0,2}$/.test(value)) throw invalidError(`"${value}" is not a name`);
  return encodeURIComponent(value);
}
