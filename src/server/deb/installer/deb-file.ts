import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { extract, type Header } from "tar-stream";
import { type Paragraph, parseParagraphs } from "../../../core/deb/control.ts";
import { invalidError } from "../../../core/errors.ts";

/** Larger than any control file is. */
const MAX_CONTROL_BYTES = 1024 * 1024;

/** The control file of a package. @throws INVALID. */
export async function readControl(file: string): Promise<Paragraph> {
  try {
    const { stdout } = await promisify(execFile)("dpkg-deb", ["--field", file], {
      maxBuffer: MAX_CONTROL_BYTES,
    });
    const [control] = parseParagraphs(stdout);
    if (control?.get("Package") !== undefined && control.get("Version") !== undefined) return control;
  } catch (cause) {
    throw invalidError(`${file} is no Debian package`, { cause });
  }
  throw invalidError(`${file} names no package and version`);
}

/** An entry of a package; its content has to be read to the end. */
export interface PackageEntry {
  /** Relative to the root, without a slash at its end; empty = the root itself. */
  path: string;
  header: Header;
  content: AsyncIterable<Uint8Array>;
}

/** What a package puts into place, in its order. @throws INVALID. */
export async function* readEntries(file: string): AsyncGenerator<PackageEntry> {
  const child = spawn("dpkg-deb", ["--fsys-tarfile", file], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "close");
  try {
    for await (const entry of child.stdout.pipe(extract())) {
      yield {
        path: entry.header.name.replace(/^\.?\/*|\/+$/g, ""),
        header: entry.header,
        content: entry as AsyncIterable<Buffer>,
      };
      entry.resume();
    }
    const [exitCode] = await ended;
    if (exitCode !== 0) throw invalidError(`${file} is no Debian package`);
  } finally {
    // It would wait for ever for somebody to read the rest.
    child.kill();
  }
}

/** Paths of what a package puts into place, relative to the root. */
export async function packagePaths(file: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of readEntries(file)) if (path !== "") paths.push(path);
  return paths;
}
