import type { Paragraph } from "../../../core/deb/control.ts";

/** Architectures of Debian's; a package that is the same on all is in the index of each. */
export const ARCHITECTURES = [
  "amd64",
  "arm64",
  "armel",
  "armhf",
  "i386",
  "mips64el",
  "ppc64el",
  "riscv64",
  "s390x",
] as const;
export const ALL = "all";

export const isArchitecture = (name: string): boolean =>
  name === ALL || ARCHITECTURES.some((known) => known === name);

/** Fields that only the repository itself may state. */
const OURS = ["Filename", "Size", "MD5sum", "SHA1", "SHA256", "SHA512", "Status", "Conffiles"] as const;

export interface IndexedPackage {
  package: string;
  version: string;
  architecture: string;
  sha256: string;
  sizeBytes: number;
  control: Paragraph;
}

/**
 * Where a package lies below the root of the repository. The digest is part of it, so what is at an address never changes,
 * also when a version was taken out and comes back with other content.
 */
export function poolPath(
  item: Pick<IndexedPackage, "package" | "version" | "architecture" | "sha256">,
): string {
  return `pool/${item.sha256}/${poolName(item)}`;
}

/** A version's epoch stays out of file names, as everywhere in Debian. */
export const poolName = (item: Pick<IndexedPackage, "package" | "version" | "architecture">): string =>
  `${item.package}_${item.version.replace(/^\d+:/, "")}_${item.architecture}.deb`;

/** A package's paragraph in a `Packages` file, with a line break at its end. */
export function packageStanza(item: IndexedPackage): string {
  const without = Object.fromEntries(OURS.map((name) => [name, undefined]));
  return item.control
    .with(without)
    .with({ Filename: poolPath(item), Size: String(item.sizeBytes), SHA256: item.sha256 })
    .toString();
}

/** The text of the `Packages` file of each architecture. */
export function packagesTexts(
  packages: readonly { architecture: string; stanza: string }[],
): Map<string, string> {
  const textOf = (architecture: string) =>
    packages
      .filter((item) => item.architecture === architecture || item.architecture === ALL)
      .map(({ stanza }) => `${stanza}\n`)
      .join("");
  return new Map([ALL, ...ARCHITECTURES].map((architecture) => [architecture, textOf(architecture)]));
}

export interface ReleaseFile {
  /** Below the suite's folder. */
  path: string;
  sizeBytes: number;
  sha256: string;
}

export interface ReleaseFacts {
  channel: string;
  date: Date;
  validUntil: Date;
  files: readonly ReleaseFile[];
}

/** The text of a `Release` file. */
export function releaseText({ channel, date, validUntil, files }: ReleaseFacts): string {
  const width = Math.max(0, ...files.map(({ sizeBytes }) => String(sizeBytes).length));
  return [
    "Origin: plugctl",
    "Label: plugctl",
    `Suite: ${channel}`,
    `Codename: ${channel}`,
    `Date: ${date.toUTCString().replace("GMT", "UTC")}`,
    `Valid-Until: ${validUntil.toUTCString().replace("GMT", "UTC")}`,
    "Acquire-By-Hash: yes",
    // What is the same on all architectures is in each index: `binary-all` need not be fetched as well.
    "No-Support-for-Architecture-all: Packages",
    `Architectures: ${[ALL, ...ARCHITECTURES].join(" ")}`,
    "Components: main",
    "SHA256:",
    ...files.map(({ sha256, sizeBytes, path }) => ` ${sha256} ${String(sizeBytes).padStart(width)} ${path}`),
    "",
  ].join("\n");
}
