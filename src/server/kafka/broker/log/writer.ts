import type { Clock } from "../clock.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import type { Appended } from "../topics.ts";
import { type OpenFile, writeAll } from "./file-system.ts";
import type { Lease, OpenFiles } from "./open-files.ts";
import type { Round } from "./round.ts";
import type { Segments } from "./segments.ts";

/** When what is written gets to the disk: before an append with acks=-1 is answered, within a second, or when the system likes. */
export type SyncPolicy = "always" | "interval" | "never";

/** The log that is written to. */
export interface WrittenLog {
  readonly segments: Segments;
  /** A round at the end of the last segment. */
  beginRound(): Round;
  /** Writes down that the leader epoch begins at `offset`; before its first batch is written. */
  beginEpoch(offset: number): Promise<void>;
  /** Ends the last segment, which is synced, and begins the next. */
  beginSegment(): Promise<void>;
  /** The batches of a round are in the log and may be read. */
  onWritten(batches: Round["batches"]): void;
  /** Something could not be written; `lasting` when nothing can be any more. */
  onFault(error: unknown, lasting: boolean): void;
}

export interface WriterOptions {
  readonly files: OpenFiles;
  readonly clock: Clock;
  readonly sync: SyncPolicy;
  /** False where the last segment holds what may not be on the disk yet. */
  readonly synced: boolean;
}

/** Most batches and bytes of a round; the rest goes to the next. */
const ROUND_BATCHES = 1024;
const ROUND_BYTES = 16 * 1024 * 1024;

/** Milliseconds until what nobody waited for is synced. */
const SYNC_INTERVAL = 1000;

interface Waiting {
  readonly batch: Buffer;
  readonly acks: number;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

interface Answer {
  readonly waiting: Waiting;
  readonly appended: Appended;
}

/**
 * Appends to one log in rounds: while one is written and synced, the batches that arrive gather for the next, so that many
 * share one sync. Whatever else changes the log's files runs between the rounds.
 */
export class LogWriter {
  readonly #log: WrittenLog;
  readonly #options: WriterOptions;
  #waiting: Waiting[] = [];
  #tasks: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined;
  /** The last segment's file while something of it is not synced, or a round is under way. */
  #lease: Lease | undefined;
  #dirty: boolean;
  #syncDue = false;
  #stopTimer: (() => void) | undefined;
  #epochBegun = false;
  /** Why nothing is appended any more. */
  #closed: KafkaError | undefined;
  #failure: KafkaError | undefined;

  constructor(log: WrittenLog, options: WriterOptions) {
    this.#log = log;
    this.#options = options;
    this.#dirty = !options.synced;
  }

  /** Nothing is appended any more, since nobody knows what is on the disk. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Appends a batch in its turn.
   * @throws KafkaError when the producer's sequence is wrong, or the batch cannot be written
   */
  append(batch: Buffer, acks: number): Promise<Appended> {
    const refused = this.#closed ?? this.#failure;
    if (refused !== undefined) return Promise.reject(refused);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, acks, resolve, reject });
      this.#wake();
    });
  }

  /** Runs a change of the log's files while nothing is appended. */
  exclusively<Result>(change: () => Promise<Result>): Promise<Result> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      this.#tasks.push(() => change().then(resolve, reject));
      this.#wake();
    });
  }

  /** Begins a new segment; only within `exclusively`. */
  async roll(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.#sync();
    this.#letGo();
    await this.#log.beginSegment();
  }

  /** Appends what has arrived, syncs it, and takes no more. @throws when it cannot be synced */
  async close(reason: KafkaError): Promise<void> {
    this.#closed ??= reason;
    while (this.#running !== undefined) await this.#running;
    this.#stopTimer?.();
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#sync();
    } finally {
      this.#letGo();
    }
  }

  #wake(): void {
    this.#running ??= this.#run();
  }

  /** Does not throw. */
  async #run(): Promise<void> {
    // Batches that arrive together go into one round from the first on.
    await undefined;
    while (this.#tasks.length > 0 || this.#waiting.length > 0 || this.#syncDue) {
      const task = this.#tasks.shift();
      if (task !== undefined) await task();
      else await this.#runRound();
    }
    if (!this.#dirty) this.#letGo();
    this.#running = undefined;
  }

  /** Does not throw: whoever waits is told. */
  async #runRound(): Promise<void> {
    const taken = this.#waiting.splice(0, this.#roundLength());
    let written: Answer[];
    try {
      if (this.#failure !== undefined) throw this.#failure;
      written = await this.#write(taken);
    } catch (error) {
      this.#syncDue = false;
      this.#syncLater();
      for (const { reject } of taken) reject(storageError(error));
      this.#log.onFault(error, this.#failure !== undefined);
      return;
    }
    const syncs = this.#options.sync === "always";
    const after: Answer[] = [];
    for (const answer of written) {
      if (syncs && answer.waiting.acks === -1) after.push(answer);
      else answer.waiting.resolve(answer.appended);
    }
    try {
      if (after.length > 0 || this.#syncDue) await this.#sync();
      else this.#syncLater();
    } catch (error) {
      for (const { waiting } of after) waiting.reject(storageError(error));
      this.#log.onFault(error, true);
      return;
    } finally {
      this.#syncDue = false;
    }
    for (const { waiting, appended } of after) waiting.resolve(appended);
  }

  /** How many of those that wait go into the next round. */
  #roundLength(): number {
    let bytes = 0;
    const end = this.#waiting.findIndex(({ batch }, index) => {
      bytes += batch.length;
      return index === ROUND_BATCHES || (index > 0 && bytes > ROUND_BYTES);
    });
    return end === -1 ? this.#waiting.length : end;
  }

  /** Writes what fits in one segment; the rest waits on. */
  async #write(taken: Waiting[]): Promise<Answer[]> {
    let round = this.#log.beginRound();
    const [first] = taken;
    if (first !== undefined && !round.hasRoomFor(first.batch)) {
      await this.roll();
      round = this.#log.beginRound();
    }
    const answers: Answer[] = [];
    for (const [index, waiting] of taken.entries()) {
      if (!round.hasRoomFor(waiting.batch)) {
        this.#waiting.unshift(...taken.splice(index));
        break;
      }
      try {
        answers.push({ waiting, appended: round.place(waiting.batch) });
      } catch (error) {
        waiting.reject(error);
      }
    }
    try {
      await this.#writeRound(round);
    } catch (error) {
      round.undo();
      throw error;
    }
    return answers;
  }

  async #writeRound({ batches }: Round): Promise<void> {
    const [first] = batches;
    if (first === undefined) return;
    if (!this.#epochBegun) {
      await this.#log.beginEpoch(first.baseOffset);
      this.#epochBegun = true;
    }
    const { active } = this.#log.segments;
    const file = await this.#file();
    this.#dirty = true;
    const bytes = batches.map((batch) => batch.bytes);
    try {
      await writeAll(file, bytes, active.size);
    } catch (error) {
      // Half a batch in the way would hide what is written after it.
      await file.truncate(active.size).catch((cause: unknown) => this.#fail(cause));
      throw error;
    }
    this.#log.onWritten(batches);
  }

  /** After a failed sync nobody knows what is on the disk, so no later one may be believed. */
  async #sync(): Promise<void> {
    if (!this.#dirty) return;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    const file = await this.#file();
    try {
      await file.datasync();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    this.#dirty = false;
  }

  async #file(): Promise<OpenFile> {
    this.#lease ??= await this.#options.files.use(this.#log.segments.active.path);
    return this.#lease.file;
  }

  #syncLater(): void {
    const { sync, clock } = this.#options;
    if (!this.#dirty || this.#failure !== undefined || sync === "never" || this.#stopTimer !== undefined)
      return;
    this.#stopTimer = clock.after(SYNC_INTERVAL, () => {
      this.#stopTimer = undefined;
      this.#syncDue = true;
      this.#wake();
    });
  }

  #fail(cause: unknown): void {
    this.#failure ??= storageError(cause);
  }

  #letGo(): void {
    this.#lease?.release();
    this.#lease = undefined;
  }
}

/** What the producer is told; the cause is for the one who runs the broker. */
function storageError(cause: unknown): KafkaError {
  if (cause instanceof KafkaError) return cause;
  return new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, "the log cannot be written");
}
