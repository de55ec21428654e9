import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "vitest";

/** Debian packages that tests need, and the program, or else the file, by which each is recognised. */
const PROGRAMS = {
  "docker.io": "dockerd",
  podman: "podman",
  "docker-registry": "docker-registry",
  "busybox-static": "busybox",
  "rabbitmq-server": "rabbitmq-server",
  apt: "apt-get",
  bubblewrap: "bwrap",
  debootstrap: "debootstrap",
  fakeroot: "fakeroot",
  kcat: "kcat",
  lintian: "lintian",
  "default-jre-headless": "java",
  maven: "mvn",
  "python3-confluent-kafka": pythonModule("confluent_kafka"),
  "python3-kafka": pythonModule("kafka"),
  "python3-lz4": pythonModule("lz4"),
  "python3-snappy": pythonModule("snappy"),
  "python3-zstandard": pythonModule("zstandard"),
  lz4: "lz4",
  zstd: "zstd",
} as const;
export type DebianPackage = keyof typeof PROGRAMS;

/** A `describe` that is skipped, saying why in its title, where one of the packages is not installed or root is wanting. */
export function describeWith(packages: readonly DebianPackage[], title: string, body: () => void): void {
  const missing = packages.filter((name) => !isThere(PROGRAMS[name]));
  if (missing.length > 0) describe.skip(`${title} (skipped: apt-get install ${missing.join(" ")})`, body);
  else if (process.getuid?.() !== 0) describe.skip(`${title} (skipped: an engine needs root)`, body);
  else describe(title, body);
}

/** Absolute path of a program in PATH or where Debian keeps those of the administrator. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function pythonModule(name: string): string {
  return `/usr/lib/python3/dist-packages/${name}/__init__.py`;
}

const isThere = (program: string) =>
  program.startsWith("/") ? existsSync(program) : findProgram(program) !== undefined;

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
