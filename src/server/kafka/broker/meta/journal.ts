import { constants } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../clock.ts";
import { decodeFrame, encodeFrame } from "./frames.ts";

/** When a record that need not be on disk at once gets there: with every write, at intervals, or when the system likes. */
export type JournalSync = "always" | "interval" | "never";

export interface JournalOptions<Record> {
  file: string;
  clock: Clock;
  /** Format of the payloads; a journal of a later one is refused. */
  version: number;
  sync: JournalSync;
  /** Milliseconds between syncs of the policy `interval`. */
  syncInterval: number;
  /** The size in bytes from which the journal is written anew, when it has doubled since. */
  compactAt: number;
  /** Checks what was read. @throws when it is no record of this journal. */
  parse(value: unknown): Record;
  /** Takes a record into the state: at opening every stored one, later each when it is written. Must not throw. */
  apply(record: Record): void;
  /** The state as the fewest records that `apply` makes it of again. */
  snapshot(): Iterable<Record>;
}

export interface AppendOptions {
  /** Answer only when the record survives a loss of power, whatever the policy. */
  durable: boolean;
}

interface Waiting<Record> {
  record: Record;
  frame: Buffer;
  durable: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * A state that lives in memory and, as the records that made it, in one file: appended to, and written anew when it has
 * grown. Records that arrive while others are being written go out together in the next round, in their order.
 */
export class Journal<Record> {
  readonly #options: JournalOptions<Record>;
  #file: FileHandle;
  /** Bytes of whole frames, all of them written. */
  #size: number;
  #sizeAfterCompaction: number;
  #waiting: Waiting<Record>[] = [];
  #round: Promise<void> | undefined;
  #syncDue = false;
  #stopTimer: (() => void) | undefined;
  /** Why nothing can be written any more. */
  #failure: unknown;

  private constructor(options: JournalOptions<Record>, file: FileHandle, size: number) {
    this.#options = options;
    this.#file = file;
    this.#size = size;
    this.#sizeAfterCompaction = size;
  }

  /**
   * Opens or creates the journal and applies what it holds. What follows the last whole record was never acknowledged,
   * and is cut off.
   * @returns the journal, and how many bytes were cut
   * @throws when the file cannot be used, or holds whole records that are not of this journal
   */
  static async open<Record>(
    options: JournalOptions<Record>,
  ): Promise<{ journal: Journal<Record>; cut: number }> {
    await rm(temporaryName(options.file), { force: true });
    const file = await open(options.file, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const bytes = await file.readFile();
      const size = replay(bytes, options);
      if (size < bytes.length) await file.truncate(size);
      await file.sync();
      await syncDirectory(dirname(options.file));
      return { journal: new Journal(options, file, size), cut: bytes.length - size };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * Writes the record, then applies it.
   * @throws when it cannot be written; it is neither applied nor found at the next start then
   */
  append(record: Record, { durable }: AppendOptions): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const payload = Buffer.from(JSON.stringify(record));
    const frame = encodeFrame({ version: this.#options.version, payload });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, frame, durable, resolve, reject });
      this.#round ??= this.#writeRounds();
    });
  }

  /** Writes what waits, syncs, and closes the file. */
  async close(): Promise<void> {
    this.#stopTimer?.();
    await this.#round;
    this.#stopTimer?.();
    this.#failure ??= new Error(`the journal ${this.#options.file} is closed`);
    try {
      await this.#file.datasync();
    } finally {
      await this.#file.close();
    }
  }

  async #writeRounds(): Promise<void> {
    while (this.#waiting.length > 0 || this.#syncDue) {
      const round = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(round);
      } catch (error) {
        for (const { reject } of round) reject(error);
        continue;
      }
      for (const { record } of round) this.#options.apply(record);
      for (const { resolve } of round) resolve();
      await this.#compactWhenGrown();
    }
    this.#round = undefined;
  }

  async #write(round: readonly Waiting<Record>[]): Promise<void> {
    const syncs = this.#syncDue || this.#options.sync === "always" || round.some(({ durable }) => durable);
    this.#syncDue = false;
    if (this.#failure !== undefined) throw this.#failure;
    const bytes = Buffer.concat(round.map(({ frame }) => frame));
    try {
      await writeAll(this.#file, bytes, this.#size);
      if (syncs) await this.#sync();
    } catch (error) {
      // Half a frame in the way would hide what is written after it.
      await this.#file.truncate(this.#size).catch(() => this.#fail(error));
      throw error;
    }
    this.#size += bytes.length;
    if (!syncs) this.#syncLater();
  }

  /** After a failed sync nobody knows what is on disk, so no later one may be believed. */
  async #sync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #syncLater(): void {
    if (this.#options.sync === "never" || this.#stopTimer !== undefined) return;
    this.#stopTimer = this.#options.clock.after(this.#options.syncInterval, () => {
      this.#stopTimer = undefined;
      this.#syncDue = true;
      this.#round ??= this.#writeRounds();
    });
  }

  #fail(cause: unknown): void {
    this.#failure ??= new Error(`the journal ${this.#options.file} cannot be written`, { cause });
  }

  async #compactWhenGrown(): Promise<void> {
    const { compactAt, file, snapshot, version } = this.#options;
    if (this.#size < Math.max(compactAt, 2 * this.#sizeAfterCompaction)) return;
    const frames = [];
    for (const record of snapshot()) {
      frames.push(encodeFrame({ version, payload: Buffer.from(JSON.stringify(record)) }));
    }
    try {
      await this.#replaceBy(Buffer.concat(frames));
    } catch {
      // The journal as it was is still whole; the next attempt comes when it has doubled.
      await rm(temporaryName(file), { force: true }).catch(() => {});
    }
    this.#sizeAfterCompaction = this.#size;
  }

  async #replaceBy(bytes: Buffer): Promise<void> {
    const { file } = this.#options;
    const replacement = await open(temporaryName(file), "wx", 0o600);
    try {
      await writeAll(replacement, bytes, 0);
      await replacement.sync();
      await rename(temporaryName(file), file);
    } catch (error) {
      await replacement.close();
      throw error;
    }
    const previous = this.#file;
    this.#file = replacement;
    this.#size = bytes.length;
    // Until the new name is on disk, what is written under it might not be found again.
    await syncDirectory(dirname(file)).catch((error: unknown) => this.#fail(error));
    await previous.close().catch(() => {});
  }
}

const temporaryName = (file: string) => `${file}.new`;

/** Applies the whole records at the start of `bytes`, and says where they end. */
function replay<Record>(bytes: Buffer, { file, version, parse, apply }: JournalOptions<Record>): number {
  let offset = 0;
  for (let next = decodeFrame(bytes, offset); next !== undefined; next = decodeFrame(bytes, offset)) {
    if (next.frame.version > version) {
      throw new Error(`${file} was written by a later version of this program`);
    }
    apply(parse(JSON.parse(next.frame.payload.toString())));
    offset = next.end;
  }
  return offset;
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/** Makes a new name in a folder survive a loss of power. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
