/**
 * Orders versions as Wazo's market does: by their runs of digits, which count as numbers, and of letters. A number comes
 * before letters; what goes on is later than what ends (`26.06` < `26.06.1`).
 * @returns less than, equal to or more than 0.
 */
export function compareLooseVersions(one: string, other: string): number {
  const ones = runs(one);
  const others = runs(other);
  for (const [index, left] of ones.entries()) {
    const right = others[index];
    if (right === undefined) return 1;
    const order = compareRuns(left, right);
    if (order !== 0) return order;
  }
  return ones.length - others.length;
}

const runs = (version: string) => version.toLowerCase().match(/[0-9]+|[a-z]+/g) ?? [];

function compareRuns(left: string, right: string): number {
  const [leftIsNumber, rightIsNumber] = [left, right].map((run) => /^[0-9]/.test(run));
  if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1;
  if (!leftIsNumber) return left < right ? -1 : Number(left > right);
  const order = BigInt(left) - BigInt(right);
  return order < 0n ? -1 : Number(order > 0n);
}
