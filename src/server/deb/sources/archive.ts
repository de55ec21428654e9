import { mkdir, open, readdir, rename, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { invalidError, isPlugctlError } from "../../../core/errors.ts";
import type { GitLimits } from "../../../git/fetch.ts";

type Limits = Pick<GitLimits, "treeBytes" | "treeFiles">;

/**
 * Writes the files and links of a tar archive, gzip'd or not, into an empty folder. The one folder that all is in, if
 * there is one that is not `wazo`, is taken off; what `.git` holds is left out. Links are made last, so that
 * nothing is written through one.
 * @throws INVALID for an archive that is damaged, holds what is refused, or exceeds the limits.
 */
export async function unpackArchive(source: Readable, folder: string, limits: Limits): Promise<void> {
  const links = new Map<string, string>();
  try {
    await pipeline(source, gunzipIfNeeded, limitBytes(limits.treeBytes), async (bytes) => {
      const tar = extract();
      const feeding = pipeline(bytes, tar);
      feeding.catch(() => {});
      let count = 0;
      for await (const entry of tar) {
        if (++count > limits.treeFiles) throw refused(`it has more than ${limits.treeFiles} entries`);
        await writeEntry(folder, entry.header, entry as AsyncIterable<Buffer>, links);
        entry.resume();
      }
      await feeding;
    });
    for (const [path, target] of links) {
      if ([...parents(path)].some((parent) => links.has(parent))) {
        throw refused(`${JSON.stringify(path)} lies behind a link`);
      }
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await symlink(target, join(folder, path));
    }
    await takeOffTop(folder);
  } catch (error) {
    throw isPlugctlError(error) ? error : damaged(error);
  }
}

async function writeEntry(
  folder: string,
  header: Header,
  content: AsyncIterable<Buffer>,
  links: Map<string, string>,
): Promise<void> {
  const path = checkName(header.name);
  if (path === "" || path.split("/").includes(".git")) return;
  const file = join(folder, path);
  const shown = JSON.stringify(path);
  if (header.type === "directory") await mkdir(file, { recursive: true });
  else if (header.type === "symlink") {
    if (links.has(path)) throw refused(`${shown} occurs twice`);
    if (!header.linkname) throw refused(`the link ${shown} leads nowhere`);
    links.set(path, header.linkname);
  } else if (header.type === "file") {
    await mkdir(dirname(file), { recursive: true });
    const mode = (header.mode ?? 0) & 0o100 ? 0o755 : 0o644;
    const handle = await open(file, "wx", mode);
    try {
      for await (const chunk of content) await handle.writeFile(chunk);
      if (header.mtime !== undefined) await handle.utimes(header.mtime, header.mtime);
    } finally {
      await handle.close();
    }
  } else
    throw refused(
      `${shown} is a ${header.type ?? "file of an unknown kind"}; only files, folders and links are accepted`,
    );
}

/** The name of an entry without `./` and the `/` of folders. */
function checkName(name: string): string {
  const refuse = (why: string) => refused(`the name ${JSON.stringify(name.slice(0, 200))} ${why}`);
  if (name.includes("\uFFFD")) throw refuse("is not valid UTF-8");
  if (/[\u0000-\u001f\u007f]/.test(name)) throw refuse("has a control character");
  if (name.startsWith("/")) throw refuse("is an absolute path");
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw refuse('has a ".." segment');
  return segments.join("/");
}

function* parents(path: string): Generator<string> {
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
    yield path.slice(0, slash);
  }
}

async function takeOffTop(folder: string): Promise<void> {
  const [top, ...others] = await readdir(folder, { withFileTypes: true });
  if (top === undefined) throw refused("it is empty");
  if (others.length > 0 || !top.isDirectory() || top.name === "wazo") return;
  const aside = `${folder}.top`;
  await rename(join(folder, top.name), aside);
  await rename(aside, folder);
}

/** Decides by the first two bytes, since clients are careless about the media type. */
async function* gunzipIfNeeded(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const { done, value } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  async function* whole() {
    yield head;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) yield* whole();
  else {
    const gunzip = createGunzip();
    const feeding = pipeline(whole(), gunzip);
    feeding.catch(() => {});
    yield* gunzip as AsyncIterable<Buffer>;
    await feeding;
  }
}

const limitBytes = (limit: number) =>
  async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let size = 0;
    for await (const chunk of source) {
      size += chunk.length;
      if (size > limit) throw refused(`it unpacks to more than ${limit} bytes`);
      yield chunk;
    }
  };

const refused = (why: string) => invalidError(`the archive is refused: ${why}`);

const NAME_FAULTS: Readonly<Record<string, string>> = {
  EEXIST: "a path in it occurs twice, or as a file and as a folder",
  EISDIR: "a path in it is a file and a folder",
  ENOTDIR: "a path in it is a file and a folder",
  ENAMETOOLONG: "a name in it is too long",
};

/** What is neither the file system's fault nor ours is the archive's. */
function damaged(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code = "" } = error as NodeJS.ErrnoException;
  const fault = NAME_FAULTS[code];
  if (fault !== undefined) return invalidError(`the archive is refused: ${fault}`, { cause: error });
  if ("syscall" in error) return error;
  return invalidError(`the archive is damaged: ${error.message}`, { cause: error });
}
