import { usageError } from "../../core/errors.ts";
import type { Position } from "../../core/kafka/groups.ts";
import { parseInstant } from "../instant.ts";

/** A place in a partition as people write it. @throws USAGE naming the option. */
export function parsePlace(text: string, option: string, now: Date): Position {
  if (text === "beginning" || text === "end") return { at: text };
  if (/^\d+$/.test(text)) {
    const offset = Number(text);
    if (Number.isSafeInteger(offset)) return { at: "offset", offset };
    throw usageError(`${option}: ${text} is larger than an offset can be`);
  }
  try {
    return { at: "time", time: new Date(parseInstant(text, option, now)) };
  } catch {
    throw usageError(`${option}: "${text}" is no place in a topic`, {
      hint: "write beginning, end, an offset, how long ago (1h, 7d), or a date such as 2026-01-31T12:00Z",
    });
  }
}
