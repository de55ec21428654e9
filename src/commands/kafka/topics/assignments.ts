import { usageError } from "../../../core/errors.ts";

/** `name=value` words as an object. @throws USAGE for a word without a name, or a name that is given twice. */
export function assignments(words: readonly string[] | undefined, option: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const word of words ?? []) {
    const at = word.indexOf("=");
    const name = word.slice(0, Math.max(0, at)).trim();
    if (name === "") throw usageError(`${option}: "${word}" must be NAME=VALUE`);
    if (name in found) throw usageError(`${option}: "${name}" is given twice`);
    found[name] = word.slice(at + 1);
  }
  return found;
}
