import { spawn } from "node:child_process";
import { once } from "node:events";
import { extract, type Header } from "tar-stream";
import { invalidError } from "../../../core/errors.ts";

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
