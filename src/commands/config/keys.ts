import { usageError } from "../../core/errors.ts";

const KEYS = ["target", "output", "color", "timeout"] as const;

/** A key that `config set` may write; targets have commands of their own. @throws USAGE. */
export function settableKey(key: string): (typeof KEYS)[number] {
  const found = KEYS.find((known) => known === key);
  if (found !== undefined) return found;
  throw usageError(`"${key}" is not a setting`, {
    hint: key.startsWith("targets")
      ? "plugctl target add, use and remove change targets"
      : `settings: ${KEYS.join(", ")}`,
  });
}
