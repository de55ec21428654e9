/** `[epoch:]upstream[-revision]` (deb-version(7)). */
const VERSION = /^(?:(\d+):)?\d(?:[A-Za-z0-9.+~:-]*[A-Za-z0-9.+~:])?$/;
const MAX_EPOCH = 0x7fff_ffff;

/** True for what dpkg takes as the version of a package. */
export function isVersion(text: string): boolean {
  const match = VERSION.exec(text);
  if (match === null || Number(match[1] ?? 0) > MAX_EPOCH) return false;
  return match[1] !== undefined || !text.includes(":");
}

/**
 * Orders versions as dpkg does: negative when `one` is older, 0 when they are equal (`1.0` and `1.00` are), positive when it
 * is newer.
 */
export function compareVersions(one: string, other: string): number {
  const a = split(one);
  const b = split(other);
  return (
    compareNumbers(a.epoch, b.epoch) ||
    compareParts(a.upstream, b.upstream) ||
    compareParts(a.revision, b.revision)
  );
}

function split(text: string): { epoch: string; upstream: string; revision: string } {
  const colon = text.indexOf(":");
  const rest = text.slice(colon + 1);
  const dash = rest.lastIndexOf("-");
  return {
    epoch: colon < 0 ? "0" : text.slice(0, colon),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? "" : rest.slice(dash + 1),
  };
}

/** Stretches of other characters and of digits in turn, the first of which may be empty. */
function compareParts(one: string, other: string): number {
  const a: string[] = one.match(/\d+|\D+/g) ?? [];
  const b: string[] = other.match(/\d+|\D+/g) ?? [];
  if (/^\d/.test(one)) a.unshift("");
  if (/^\d/.test(other)) b.unshift("");
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const compare = i % 2 === 0 ? compareWords : compareNumbers;
    const order = compare(a[i] ?? "", b[i] ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

/** A tilde comes before the end, letters before everything else. */
function compareWords(one: string, other: string): number {
  for (let i = 0; i < Math.max(one.length, other.length); i++) {
    const order = rank(one[i]) - rank(other[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function rank(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === "~") return -1;
  return character.charCodeAt(0) + (/[A-Za-z]/.test(character) ? 0 : 256);
}

/** Of any length, so as text. */
function compareNumbers(one: string, other: string): number {
  const a = one.replace(/^0+/, "");
  const b = other.replace(/^0+/, "");
  if (a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}
