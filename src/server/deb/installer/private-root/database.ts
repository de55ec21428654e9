import { stat } from "node:fs/promises";
import { parseParagraphs } from "../../../../core/deb/control.ts";
import { readWithin } from "../files.ts";
import {
  type InstalledPackage,
  isInstalled,
  packageKey,
  readStatus,
  toPackages,
} from "../package-database.ts";

const HOST_STATUS = "/var/lib/dpkg/status";
const STATUS = "var/lib/dpkg/status";

/** Larger than any database of packages is. */
const MAX_STATUS_BYTES = 512 * 1024 * 1024;

/**
 * The two package databases of a private root: what was put into it is in its tree's status file; what the host has, and
 * dependencies may be satisfied by, is read from the host each time, so that it never goes out of date.
 */
export interface PrivatePackages {
  own: InstalledPackage[];
  /** Those of the host whose place none of the own ones has taken. */
  others: InstalledPackage[];
  /** The paragraphs of those as dpkg writes them, a character for each byte. */
  hostTexts: readonly string[];
}

export async function readPrivatePackages(tree: string, native: string): Promise<PrivatePackages> {
  const own = toPackages(parseParagraphs((await readWithin(tree, STATUS, MAX_STATUS_BYTES)) ?? ""));
  const taken = new Set(own.map((one) => packageKey(one, native)));
  const host = await readHostPackages(native);
  const free = host.packages.filter(({ key }) => !taken.has(key));
  return { own, others: free.map(({ one }) => one), hostTexts: free.map(({ text }) => text) };
}

interface HostPackage {
  one: InstalledPackage;
  /** What tells it apart. */
  key: string;
  text: string;
}

let cached: { packages: readonly HostPackage[]; stamp: string } | undefined;

/** The host's packages that work; what is half-done there is none of this root's to finish. */
async function readHostPackages(native: string): Promise<NonNullable<typeof cached>> {
  const stamp = await hostStamp();
  if (cached?.stamp !== stamp) {
    const installed = (await readStatus(HOST_STATUS)).filter(isInstalled).map(settled);
    const packages = installed.map((one) => ({
      one,
      key: packageKey(one, native),
      text: toBytes(String(one.fields)),
    }));
    cached = { packages, stamp };
  }
  return cached;
}

/** Changes when the host's packages do. */
export async function hostStamp(): Promise<string> {
  const { mtimeMs, size, ino } = await stat(HOST_STATUS);
  return `${mtimeMs}-${size}-${ino}`;
}

/** Triggers that wait on the host are not to be run in here. */
function settled(one: InstalledPackage): InstalledPackage {
  if (one.status === "installed") return one;
  const want = one.fields.get("Status")?.split(" ")[0] ?? "install";
  const fields = one.fields.with({
    Status: `${want} ok installed`,
    "Triggers-Pending": undefined,
    "Triggers-Awaited": undefined,
  });
  return { ...one, status: "installed", fields };
}

/** A string of one character for each byte, which takes half the room and half the time of one with any wide character in it. */
const toBytes = (text: string) => Buffer.from(text).toString("latin1");
const fromBytes = (bytes: string) => Buffer.from(bytes, "latin1").toString();

/** The status file that dpkg is to find: all that it may count on. */
export function composeStatus({ own, hostTexts }: PrivatePackages): Buffer {
  const texts = [...hostTexts, ...own.map(({ fields }) => toBytes(String(fields)))];
  return Buffer.from(texts.map((text) => `${text}\n`).join(""), "latin1");
}

/** Out of the status file that dpkg has left, what it put into this root. */
export function ownPackages(
  statusFile: Buffer,
  { others, hostTexts }: PrivatePackages,
  native: string,
): InstalledPackage[] {
  // Nearly all are as they were: what need not be parsed is not.
  const before = Map.groupBy(hostTexts, firstLine);
  const changed = statusFile
    .toString("latin1")
    .split("\n\n")
    .filter((text) => !before.get(firstLine(text))?.includes(`${text}\n`));
  const host = new Map(others.map((one) => [packageKey(one, native), one]));
  return toPackages(parseParagraphs(fromBytes(changed.join("\n\n")))).filter((one) => {
    const known = host.get(packageKey(one, native));
    return known?.version !== one.version || known.status !== one.status;
  });
}

const firstLine = (text: string) => text.slice(0, text.indexOf("\n"));
