/**
 * Orders versions of entries, older first. They are `N.N.N` or `N.N.N-N`: unlike in SemVer, a number after the hyphen
 * is a revision of the packaging and comes after the version without it. A suffix with letters is a pre-release and
 * comes before.
 */
export function compareVersions(one: string, other: string): number {
  const left = parts(one);
  const right = parts(other);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = rank(left[index]) - rank(right[index]);
    if (difference !== 0) return difference;
    const [a, b] = [left[index] ?? "", right[index] ?? ""];
    const order = typeof a === "number" && typeof b === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0;
    if (order !== 0) return order;
  }
  return 0;
}

const parts = (version: string) =>
  version
    .replace(/^v(?=\d)/, "")
    .split(/[.+-]/)
    .map((part) => (/^\d{1,15}$/.test(part) ? Number(part) : part));

/** Pre-release, end, number. */
const rank = (part: string | number | undefined) =>
  part === undefined ? 1 : typeof part === "string" ? 0 : 2;
