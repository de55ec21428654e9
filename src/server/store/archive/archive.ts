import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { Problem } from "../../http/problem.ts";
import type { ArchiveLimits } from "../settings.ts";
import { gunzip } from "./gunzip.ts";
import { checkEntryName, checkStoredPath, foldPath, quoted, topFolder } from "./path.ts";
import type { Scratch } from "./scratch.ts";

/** A regular file of an archive; its bytes lie in the scratch from `offset` on. */
export interface ArchiveFile {
  path: string;
  size: number;
  /** Lower-case hex. */
  sha256: string;
  /** SRI, `sha384-…`. */
  integrity: string;
  offset: number;
}

export interface Archive {
  /** Sorted bytewise by path. */
  files: ArchiveFile[];
  /** sha256 (hex) of the bytes as sent. */
  sha256: string;
}

/** Two blocks of zeros end a tar stream; without them it may have lost its last entries. */
const END_BYTES = 1024;
const BLOCK = 512;

/**
 * Reads a tar stream, gzip'd or not, into the scratch. Names are only ever compared, never used as paths of this
 * machine's file system. Nothing is kept beyond the scratch, so a refusal leaves nothing behind.
 *
 * @throws Problem 400 `bad_archive`, 413 `archive_too_large` and `file_too_large`, 422 `unsafe_path`,
 *   `duplicate_path`, `link_not_allowed`, `too_many_files`, `ratio_exceeded`; whatever the source throws.
 */
export async function readArchive(
  source: AsyncIterable<Uint8Array>,
  scratch: Scratch,
  limits: ArchiveLimits,
): Promise<Archive> {
  const digest = createHash("sha256");
  const tail = new StreamTail(limits);
  const tar = extract();
  const feeding = pipeline(tail.follow(unpack(meter(source, digest, limits), limits)), tar);
  // A failure surfaces in the loop below; this only keeps the second report of it from being unhandled.
  feeding.catch(() => {});
  const entries = new EntryList(limits);
  try {
    for await (const entry of tar) {
      const header: TarHeader = entry.header;
      const file = entries.add(header, scratch.size);
      if (file === undefined) {
        entry.resume();
        continue;
      }
      const sha256 = createHash("sha256");
      const sha384 = createHash("sha384");
      for await (const chunk of entry as AsyncIterable<Buffer>) {
        sha256.update(chunk);
        sha384.update(chunk);
        await scratch.append(chunk);
      }
      file.sha256 = sha256.digest("hex");
      file.integrity = `sha384-${sha384.digest("base64")}`;
      tail.entryEndsAt(entry.offset + BLOCK + Math.ceil(file.size / BLOCK) * BLOCK);
    }
    await feeding;
  } catch (error) {
    await feeding.catch(() => {});
    throw asProblem(error);
  }
  tail.check();
  return { files: entries.finish(), sha256: digest.digest("hex") };
}

/** `tar-stream`'s own types leave out that it gives null for kinds that it doesn't know. */
interface TarHeader extends Omit<Header, "type" | "pax"> {
  type: Header["type"] | null;
  pax?: unknown;
}

async function* meter(
  source: AsyncIterable<Uint8Array>,
  digest: ReturnType<typeof createHash>,
  limits: ArchiveLimits,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limits.archiveBytes) {
      throw new Problem(413, "archive_too_large", `the archive is larger than ${limits.archiveBytes} bytes`);
    }
    digest.update(chunk);
    yield chunk;
  }
}

/** Decides by the first two bytes, since clients are careless about the media type. */
async function* unpack(
  source: AsyncGenerator<Uint8Array>,
  limits: ArchiveLimits,
): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const { done, value } = await source.next();
    if (done) throw new Problem(400, "bad_archive", "the archive is empty or cut off");
    head = Buffer.concat([head, value]);
  }
  async function* whole() {
    yield head;
    yield* source;
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* whole();
    return;
  }
  yield* gunzip(whole(), (packed, unpacked) => {
    if (unpacked > limits.ratioFreeBytes && unpacked > packed * limits.ratio) {
      throw new Problem(
        422,
        "ratio_exceeded",
        `the archive unpacks to more than ${limits.ratio} times its size`,
      );
    }
  });
}

/** Counts the tar stream and remembers how it ended. */
class StreamTail {
  readonly #limits: ArchiveLimits;
  #size = 0;
  #zeros = 0;
  #lastEntryEnd = 0;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  async *follow(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.#size += chunk.length;
      if (this.#size > this.#limits.unpackedBytes) {
        throw new Problem(
          413,
          "archive_too_large",
          `the archive unpacks to more than ${this.#limits.unpackedBytes} bytes`,
        );
      }
      const zeros = zerosAtEnd(chunk);
      this.#zeros = zeros === chunk.length ? this.#zeros + zeros : zeros;
      yield chunk;
    }
  }

  entryEndsAt(offset: number): void {
    this.#lastEntryEnd = offset;
  }

  /** @throws Problem when the end mark is missing. */
  check(): void {
    if (this.#size - this.#lastEntryEnd < END_BYTES || this.#zeros < END_BYTES) {
      throw new Problem(400, "bad_archive", "the archive is damaged: the end of the tar data is missing");
    }
  }
}

/** As far as it matters: `END_BYTES` at most, or the whole chunk. */
function zerosAtEnd(chunk: Uint8Array): number {
  let zeros = 0;
  while (zeros < chunk.length && zeros < END_BYTES && chunk[chunk.length - 1 - zeros] === 0) zeros++;
  return zeros;
}

/** The entries so far, each checked against those before it. */
class EntryList {
  readonly #limits: ArchiveLimits;
  readonly #files: ArchiveFile[] = [];
  readonly #fileKeys = new Set<string>();
  readonly #folderKeys = new Set<string>();
  #count = 0;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  /** The file to fill, or undefined for a folder. */
  add(header: TarHeader, offset: number): ArchiveFile | undefined {
    if (++this.#count > this.#limits.entries) {
      throw new Problem(
        422,
        "too_many_files",
        `the archive has more than ${this.#limits.entries} entries; the first one too many is ${quoted(header.name)}`,
      );
    }
    const path = checkEntryName(header.name);
    if (header.type === "directory") return undefined;
    const sparse = Object.keys(header.pax ?? {}).some((key) => key.startsWith("GNU.sparse"));
    if (header.type !== "file" || sparse) {
      const kind = sparse ? "sparse file" : (header.type ?? "file of an unknown kind");
      throw new Problem(
        422,
        "link_not_allowed",
        `the archive entry ${quoted(header.name)} is a ${kind}; only regular files are accepted`,
      );
    }
    if (header.size > this.#limits.fileBytes) {
      throw new Problem(
        413,
        "file_too_large",
        `the archive entry ${quoted(header.name)} is larger than ${this.#limits.fileBytes} bytes`,
      );
    }
    this.#refuseDuplicate(path);
    const file = { path, size: header.size, sha256: "", integrity: "", offset };
    this.#files.push(file);
    return file;
  }

  #refuseDuplicate(path: string): void {
    const key = foldPath(path);
    const folders: string[] = [];
    for (let slash = key.indexOf("/"); slash > 0; slash = key.indexOf("/", slash + 1)) {
      folders.push(key.slice(0, slash));
    }
    if (this.#fileKeys.has(key)) {
      throw duplicate(path, "occurs twice, or differs from another only in case or Unicode form");
    }
    if (this.#folderKeys.has(key) || folders.some((folder) => this.#fileKeys.has(folder))) {
      throw duplicate(path, "is in the way of another: one path cannot be a file and a folder");
    }
    this.#fileKeys.add(key);
    for (const folder of folders) this.#folderKeys.add(folder);
  }

  finish(): ArchiveFile[] {
    const top = topFolder(this.#files.map((file) => file.path));
    return this.#files
      .map((file) => ({ ...file, path: checkStoredPath(file.path.slice(top.length), this.#limits.depth) }))
      .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  }
}

const duplicate = (path: string, why: string) =>
  new Problem(422, "duplicate_path", `the archive entry ${quoted(path)} ${why}`);

/** What `tar-stream` complains about is the archive's fault; the source's own errors have a code or are Problems. */
function asProblem(error: unknown): unknown {
  if (error instanceof Problem || !(error instanceof Error) || "code" in error) return error;
  const cut = error.message === "Unexpected end of data";
  return new Problem(
    400,
    "bad_archive",
    cut
      ? "the archive is damaged: it is cut off"
      : `the archive is not a tar archive, or damaged: ${error.message}`,
    { cause: error },
  );
}
