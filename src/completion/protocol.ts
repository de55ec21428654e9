import type { Suggestions } from "./suggest.ts";

/**
 * What the shells' scripts read: `value<TAB>description` lines and a last line that begins with a colon and says
 * what else to do: `:files` complete with paths, `:nospace` add no space behind the word, as more may follow.
 */
export function formatSuggestions({ candidates, files }: Suggestions): string {
  const lines = candidates.map(({ value, description }) =>
    description === undefined ? clean(value) : `${clean(value)}\t${clean(description)}`,
  );
  const unfinished = candidates.length > 0 && candidates.every(({ value }) => /[:=]$/.test(value));
  const directive = files ? ":files" : unfinished ? ":nospace" : ":";
  return [...lines, directive].map((line) => `${line}\n`).join("");
}

/** One line without control characters: names and descriptions come from servers, too. */
const clean = (text: string) => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
