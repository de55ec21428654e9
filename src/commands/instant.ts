import { parseDuration } from "../config/duration.ts";
import { usageError } from "../core/errors.ts";

const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * A point in time as people write it: how long ago (`1h`, `7d`) or ISO 8601, in UTC where no offset is given.
 * @throws USAGE naming the option.
 */
export function parseInstant(text: string, option: string, now: Date): string {
  const agoMs = /^\d+$/.test(text) ? undefined : parseDuration(text);
  if (agoMs !== undefined) return new Date(now.getTime() - agoMs).toISOString();
  const iso = ISO.exec(text);
  const hasTime = text.length > "2026-01-01".length;
  const instant = iso === null ? Number.NaN : Date.parse(hasTime && iso[1] === undefined ? `${text}Z` : text);
  if (!Number.isNaN(instant)) return new Date(instant).toISOString();
  throw usageError(`${option}: "${text}" is no point in time`, {
    hint: "write how long ago (1h, 7d), or a date such as 2026-01-31 or 2026-01-31T12:00Z",
  });
}
