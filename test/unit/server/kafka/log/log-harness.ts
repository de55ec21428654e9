import { openLogStore } from "../../../../../src/server/kafka/broker/log/store.ts";
import type { SyncPolicy } from "../../../../../src/server/kafka/broker/log/writer.ts";
import type { BrokerLog } from "../../../../../src/server/kafka/broker/log-lines.ts";
import { type TopicConfig, topicConfig } from "../../../../../src/server/kafka/broker/meta/topic-config.ts";
import { batchSize, nextOffset } from "../../../../../src/server/kafka/broker/records/batch.ts";
import type { LogStore, OwnedPartition } from "../../../../../src/server/kafka/broker/topic-directory.ts";
import type { Partition } from "../../../../../src/server/kafka/broker/topics.ts";
import { FaultyDisk } from "../../../../helpers/faulty-disk.ts";
import { SimulatedClock } from "../../../../helpers/simulated-clock.ts";

export const DATA = "/data";
export const LOG_DIRECTORY = "/data/topics/t-0";

export interface OpenedLog {
  disk: FaultyDisk;
  clock: SimulatedClock;
  store: LogStore;
  log: OwnedPartition;
  /** What was reported as a warning or an error. */
  reports: string[];
}

export interface LogOptions {
  disk?: FaultyDisk;
  clock?: SimulatedClock;
  fsync?: SyncPolicy;
  config?: Partial<TopicConfig>;
}

/** Opens the store of a disk, and in it the log of one partition. */
export async function openLog({
  disk = new FaultyDisk(),
  clock = new SimulatedClock(),
  fsync = "always",
  config = {},
}: LogOptions = {}): Promise<OpenedLog> {
  const reports: string[] = [];
  const report = (_about: object, message?: string) => void reports.push(String(message));
  const log = { debug() {}, info() {}, warn: report, error: report } as BrokerLog;
  const fileSystem = disk.mount();
  // The data directory is the business of who gives it.
  await fileSystem.makeDirectory(DATA);
  await fileSystem.syncDirectory("/");
  const store = await openLogStore({ dir: DATA, clock, fsync, log, fileSystem });
  const opened = await store.open("t", 0, { ...topicConfig({ "retention.ms": "-1" }, {}), ...config });
  return { disk, clock, store, log: opened, reports };
}

/** The batches of what was read, which are whole. */
export function batchesIn(buffers: readonly Buffer[]): Buffer[] {
  const batches: Buffer[] = [];
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.length; at += batchSize(buffer, at)) {
      batches.push(buffer.subarray(at, at + batchSize(buffer, at)));
    }
  }
  return batches;
}

/** All batches of a log. */
export async function readAll(log: Partition, maxBytes = 100_000): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for (let offset = log.logStart; offset < log.logEnd; ) {
    const found = batchesIn(await log.read(offset, { maxBytes, atLeastOne: true }));
    const last = found.at(-1);
    if (last === undefined || nextOffset(last) <= offset) throw new Error(`nothing to read at ${offset}`);
    all.push(...found);
    offset = nextOffset(last);
  }
  return all;
}
