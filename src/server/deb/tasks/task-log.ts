import { closeSync, constants, createReadStream, openSync, writeSync } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { notFoundError } from "../../../core/errors.ts";

/** Bytes of output that a task's log keeps; what comes after is counted, and its end is kept all the same. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Characters of a log's end that an error tells. */
const TAIL = 2_000;

/** What the steps of one task print: a file that only the server's user can read. */
export class TaskLog {
  #file: number | undefined;
  #written = 0;
  #dropped = 0;
  #tail = "";
  readonly #changes: EventTarget;

  constructor(path: string, changes: EventTarget) {
    this.#file = openSync(path, constants.O_CREAT | constants.O_APPEND | constants.O_WRONLY, 0o600);
    this.#changes = changes;
  }

  append(text: string): void {
    if (this.#file === undefined || text === "") return;
    this.#tail = (this.#tail + text).slice(-TAIL);
    const bytes = Buffer.from(text);
    const room = Math.max(0, MAX_BYTES - this.#written);
    this.#dropped += bytes.length - this.#write(bytes.subarray(0, room));
  }

  /** The last characters. */
  get tail(): string {
    return this.#tail;
  }

  close(): void {
    if (this.#file === undefined) return;
    if (this.#dropped > 0) this.#write(Buffer.from(`\n[${this.#dropped} bytes left out]\n${this.#tail}`));
    closeSync(this.#file);
    this.#file = undefined;
    this.#changes.dispatchEvent(new Event("change"));
  }

  get closed(): boolean {
    return this.#file === undefined;
  }

  /** @returns how many bytes were written: on a full disk there may be none, which ends neither the task nor the server. */
  #write(bytes: Uint8Array): number {
    if (this.#file === undefined || bytes.length === 0) return 0;
    let written = 0;
    try {
      written = writeSync(this.#file, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
    this.#written += written;
    this.#changes.dispatchEvent(new Event("change"));
    return written;
  }
}

/** The logs of all tasks, one file each. */
export class TaskLogs {
  readonly #folder: string;
  readonly #open = new Map<string, { log: TaskLog; changes: EventTarget }>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<TaskLogs> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new TaskLogs(folder);
  }

  begin(taskId: string): TaskLog {
    const changes = new EventTarget();
    const log = new TaskLog(this.#path(taskId), changes);
    this.#open.set(taskId, { log, changes });
    return log;
  }

  end(taskId: string): void {
    this.#open.get(taskId)?.log.close();
    this.#open.delete(taskId);
  }

  /** The log so far or, with `follow`, until the task ends. @throws NOT_FOUND. */
  async read(
    taskId: string,
    { follow, signal }: { follow: boolean; signal: AbortSignal },
  ): Promise<Readable> {
    const path = this.#path(taskId);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) throw notFoundError(`the task ${taskId} has no log`);
    const running = follow ? this.#open.get(taskId) : undefined;
    if (running === undefined) return createReadStream(path);
    return Readable.from(followFile(path, running, signal), { objectMode: false });
  }

  async remove(taskId: string): Promise<void> {
    await rm(this.#path(taskId), { force: true });
  }

  #path(taskId: string): string {
    return join(this.#folder, `${taskId}.log`);
  }
}

/** The bytes of a file that grows, until its log is closed. */
async function* followFile(
  path: string,
  { log, changes }: { log: TaskLog; changes: EventTarget },
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let from = 0;
  while (!signal.aborted) {
    const changed = nextChange(changes, signal);
    const wasClosed = log.closed;
    for await (const chunk of createReadStream(path, { start: from })) {
      from += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
    if (wasClosed) return;
    await changed;
  }
}

function nextChange(changes: EventTarget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      changes.removeEventListener("change", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    changes.addEventListener("change", done);
    signal.addEventListener("abort", done);
  });
}
