import { basename, join } from "node:path";
import type { Clock } from "../clock.ts";
import { forEachOf } from "../concurrency.ts";
import type { BrokerLog } from "../log-lines.ts";
import type { TopicConfig } from "../meta/topic-config.ts";
import type { LogStore, OwnedPartition } from "../topic-directory.ts";
import { type FileSystem, nodeFileSystem, replaceFile } from "./file-system.ts";
import { IndexCache } from "./index-cache.ts";
import { OpenFiles } from "./open-files.ts";
import { type LogSurroundings, PartitionLog } from "./partition-log.ts";
import { type FoundLog, recoverLog } from "./recovery.ts";
import { TailCache } from "./tail-cache.ts";
import type { SyncPolicy } from "./writer.ts";

export interface LogStoreOptions {
  /** The broker's data directory. */
  readonly dir: string;
  readonly clock: Clock;
  readonly fsync: SyncPolicy;
  readonly log: BrokerLog;
  readonly fileSystem?: FileSystem | undefined;
}

/** Names in the data directory. */
const TOPICS = "topics";
/** Logs that were removed and whose files may still be there. */
const REMOVED = "removed";
const LOCK = "lock";
const CLEAN = "clean-shutdown";
const EPOCH = "leader-epoch";

/** Files of segments that stay open though nobody uses them. */
const MOST_OPEN_FILES = 512;
const MOST_INDEXES = 128;
/** Bytes of the newest batches of all partitions that are kept in memory. */
const TAIL_BYTES = 64 * 1024 * 1024;
/** Logs that are opened or closed at a time. */
const AT_A_TIME = 8;
/** Milliseconds between looks at what retention does not keep. */
const CLEANUP_INTERVAL = 30_000;
/** Milliseconds in which a fault that lasts is reported once. */
const FAULT_INTERVAL = 60_000;

/**
 * Opens the logs that a data directory holds, and repairs them where the last broker did not end in order.
 * @throws when another process has the directory, or a log cannot be read
 */
export async function openLogStore(options: LogStoreOptions): Promise<LogStore> {
  const { dir, fileSystem = nodeFileSystem, clock, log } = options;
  await fileSystem.makeDirectory(join(dir, TOPICS));
  await fileSystem.makeDirectory(join(dir, REMOVED));
  const lock = await fileSystem.lock(join(dir, LOCK));
  try {
    const clean = (await fileSystem.list(dir)).includes(CLEAN);
    await fileSystem.remove(join(dir, CLEAN));
    await fileSystem.syncDirectory(dir);
    for (const name of await fileSystem.list(join(dir, REMOVED))) {
      await fileSystem.remove(join(dir, REMOVED, name));
    }
    const found = new Map<string, FoundLog>();
    const recovery = { fileSystem, clean, now: clock.now(), log };
    await forEachOf(await fileSystem.list(join(dir, TOPICS)), AT_A_TIME, async (name) => {
      found.set(name, await recoverLog(join(dir, TOPICS, name), recovery));
    });
    const leaderEpoch = await nextEpoch(join(dir, EPOCH), clean, found.values(), fileSystem);
    await fileSystem.syncDirectory(dir);
    return new DiskLogs({ ...options, fileSystem }, lock, leaderEpoch, found);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Rises with each end that was not in order, so that clients can tell what they read from what was cut. */
async function nextEpoch(
  path: string,
  clean: boolean,
  found: Iterable<FoundLog>,
  fileSystem: FileSystem,
): Promise<number> {
  const text = await fileSystem.readSmall(path).catch(() => Buffer.from("-1"));
  const last = Number.parseInt(text.toString(), 10);
  // Without the file, which is written last, the logs tell.
  const highest = Math.max(-1, ...Array.from(found, ({ epochs }) => epochs.last));
  if (clean && last >= highest && last >= 0) return last;
  const next = Math.max(Number.isNaN(last) ? -1 : last, highest) + 1;
  await replaceFile(fileSystem, path, Buffer.from(`${next}\n`), { durable: true });
  return next;
}

class DiskLogs implements LogStore {
  readonly #options: LogStoreOptions & { fileSystem: FileSystem };
  readonly #lock: { release(): void };
  readonly #around: LogSurroundings;
  /** Logs that were there at the start and that nobody has asked for, by the name of their folder. */
  readonly #found: Map<string, FoundLog>;
  readonly #open = new Map<string, PartitionLog>();
  readonly #faults = new Map<string, number>();
  readonly #removals = new Set<() => void>();
  readonly #stopping = new AbortController();
  #stopCleanup: () => void;
  #cleaning: Promise<void> = Promise.resolve();
  #removed = 0;

  constructor(
    options: LogStoreOptions & { fileSystem: FileSystem },
    lock: { release(): void },
    leaderEpoch: number,
    found: Map<string, FoundLog>,
  ) {
    const { fileSystem, clock, fsync } = options;
    this.#options = options;
    this.#lock = lock;
    this.#found = found;
    const files = new OpenFiles(fileSystem, MOST_OPEN_FILES);
    this.#around = {
      fileSystem,
      files,
      indexes: new IndexCache(fileSystem, files, MOST_INDEXES),
      cache: new TailCache(TAIL_BYTES),
      clock,
      sync: fsync,
      leaderEpoch,
      removeLater: (paths, delay) => this.#removeLater(paths, delay),
      onFault: (directory, error, lasting) => this.#report(directory, error, lasting),
    };
    this.#stopCleanup = this.#scheduleCleanup();
  }

  async open(topic: string, index: number, config: TopicConfig): Promise<OwnedPartition> {
    const name = folderName(topic, index);
    const open = this.#open.get(name);
    if (open !== undefined) return open;
    const found = this.#found.get(name) ?? (await this.#create(name));
    this.#found.delete(name);
    const log = new PartitionLog(found, config, this.#around);
    this.#open.set(name, log);
    return log;
  }

  async remove(topic: string, index: number): Promise<void> {
    const name = folderName(topic, index);
    const { fileSystem, dir } = this.#options;
    await this.#open.get(name)?.abandon();
    this.#open.delete(name);
    this.#found.delete(name);
    if (!(await fileSystem.list(join(dir, TOPICS))).includes(name)) return;
    const grave = join(dir, REMOVED, String(this.#removed++));
    await fileSystem.rename(join(dir, TOPICS, name), grave);
    await fileSystem.syncDirectory(join(dir, TOPICS));
    await fileSystem.remove(grave);
  }

  unclaimed(): readonly string[] {
    return [...this.#found.keys()].map((name) => join(this.#options.dir, TOPICS, name)).sort();
  }

  async close(): Promise<void> {
    const { fileSystem, dir } = this.#options;
    this.#stopping.abort();
    this.#stopCleanup();
    for (const stop of this.#removals) stop();
    await this.#cleaning;
    const failures: unknown[] = [];
    await forEachOf(this.#open.values(), AT_A_TIME, (log) =>
      log.close().catch((error: unknown) => void failures.push(error)),
    );
    try {
      if (failures.length > 0) throw failures[0];
      await replaceFile(fileSystem, join(dir, CLEAN), Buffer.alloc(0), { durable: true });
      await fileSystem.syncDirectory(dir);
    } finally {
      this.#lock.release();
    }
  }

  async #create(name: string): Promise<FoundLog> {
    const { fileSystem, dir, clock, log } = this.#options;
    const directory = join(dir, TOPICS, name);
    await fileSystem.makeDirectory(directory);
    const found = await recoverLog(directory, { fileSystem, clean: true, now: clock.now(), log });
    await fileSystem.syncDirectory(join(dir, TOPICS));
    return found;
  }

  #scheduleCleanup(): () => void {
    return this.#options.clock.after(CLEANUP_INTERVAL, () => {
      this.#cleaning = this.#cleanUp().finally(() => {
        if (!this.#stopping.signal.aborted) this.#stopCleanup = this.#scheduleCleanup();
      });
    });
  }

  async #cleanUp(): Promise<void> {
    for (const [name, log] of this.#open) {
      await log.cleanUp().catch((error: unknown) => this.#report(name, error, false));
    }
    // Last, since it takes longer.
    const { signal } = this.#stopping;
    for (const [name, log] of this.#open) {
      if (signal.aborted) return;
      await log.compact(signal).catch((error: unknown) => {
        const isMeant = signal.aborted || this.#open.get(name) !== log;
        if (!isMeant) this.#report(name, error, false);
      });
    }
  }

  #removeLater(paths: readonly string[], delay: number): void {
    const { clock, fileSystem } = this.#options;
    const stop = clock.after(delay, () => {
      this.#removals.delete(stop);
      for (const path of paths) {
        fileSystem.remove(path).catch((error: unknown) => this.#report(path, error, false));
      }
    });
    this.#removals.add(stop);
  }

  /** A full disk is reported once for all logs, and not each time that a producer tries again. */
  #report(directory: string, error: unknown, lasting: boolean): void {
    const { clock, log } = this.#options;
    const now = clock.now();
    const fault = lasting ? directory : String((error as NodeJS.ErrnoException).code ?? error);
    if (now - (this.#faults.get(fault) ?? -Infinity) < FAULT_INTERVAL) return;
    this.#faults.set(fault, now);
    const what = lasting
      ? "a partition takes no records until the broker starts again"
      : "the log of a partition could not be changed";
    log.error({ partition: basename(directory), err: error }, what);
  }
}

const folderName = (topic: string, index: number) => `${topic}-${index}`;
