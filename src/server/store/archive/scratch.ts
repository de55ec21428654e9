import { constants } from "node:fs";
import { type FileHandle, mkdir, open, unlink } from "node:fs/promises";
import { join } from "node:path";

const MEMORY_BYTES = 1024 * 1024;
const READ_BYTES = 256 * 1024;

/**
 * Bytes kept until a decision is made: the first mebibyte in memory, more in a file that has no name any more, so
 * that nothing stays behind however the process ends.
 */
export class Scratch {
  readonly #directory: string;
  #chunks: Uint8Array[] = [];
  #file: FileHandle | undefined;
  #size = 0;

  /** @param directory for larger content; created when needed. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Bytes appended so far. */
  get size(): number {
    return this.#size;
  }

  /** Calls must not overlap. */
  async append(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk);
    if (this.#file === undefined && this.#size + chunk.length > MEMORY_BYTES) {
      this.#file = await openNameless(this.#directory);
    }
    if (this.#file !== undefined) {
      for (const bytes of this.#chunks) await this.#file.appendFile(bytes);
      this.#chunks = [];
    }
    this.#size += chunk.length;
  }

  /** The bytes from `offset` on, in pieces. Calls may overlap, once everything is appended. */
  async *read(offset: number, size: number): AsyncGenerator<Uint8Array> {
    const file = this.#file;
    if (file === undefined) {
      if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
      if (size > 0 && this.#chunks[0]) yield this.#chunks[0].subarray(offset, offset + size);
      return;
    }
    for (let done = 0; done < size; ) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, size - done));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset + done);
      if (bytesRead === 0) throw new Error("the scratch file is shorter than what was written to it");
      yield buffer.subarray(0, bytesRead);
      done += bytesRead;
    }
  }

  async bytes(offset: number, size: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.read(offset, size)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async close(): Promise<void> {
    this.#chunks = [];
    await this.#file?.close();
  }
}

async function openNameless(directory: string): Promise<FileHandle> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, crypto.randomUUID());
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  await unlink(path);
  return file;
}
