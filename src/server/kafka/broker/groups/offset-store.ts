import { join } from "node:path";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { Journal, type JournalSync } from "../meta/journal.ts";

/** A position that a group has committed. */
export interface CommittedOffset {
  offset: number;
  /** -1 when the client did not say. */
  leaderEpoch: number;
  metadata: string;
  /** When, in milliseconds since 1970. */
  at: number;
}

/** What outlives the members of a group. */
export interface StoredGroup {
  generation: number;
  protocolType: string | null;
  /** Since when it has had no members; undefined while it has some. */
  emptySince: number | undefined;
  /** By topic and partition. */
  offsets: Map<string, Map<number, CommittedOffset>>;
}

const partitionSchema = z.tuple([z.string(), z.int()]);

const recordSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("generation"),
    group: z.string(),
    generation: z.int(),
    protocolType: z.string().nullable(),
    /** Null while there are members. */
    emptySince: z.number().nullable(),
  }),
  z.object({
    type: z.literal("offsets"),
    group: z.string(),
    /** Topic, partition, offset, leader epoch, metadata, time. */
    offsets: z.array(z.tuple([z.string(), z.int(), z.int(), z.int(), z.string(), z.number()])),
  }),
  z.object({ type: z.literal("offsets-removed"), group: z.string(), partitions: z.array(partitionSchema) }),
  z.object({ type: z.literal("group-removed"), group: z.string() }),
]);

/** What `groups.log` holds. */
export type GroupRecord = z.infer<typeof recordSchema>;

const COMPACT_AT = 4 * 1024 * 1024;
/** Offsets in one record of a snapshot. */
const CHUNK = 1000;

export interface OffsetStoreOptions {
  directory: string;
  clock: Clock;
  sync: JournalSync;
  /** Milliseconds. */
  syncInterval: number;
}

/** Generations and committed offsets, in `groups.log`. */
export class OffsetStore {
  readonly #groups = new Map<string, StoredGroup>();
  #journal: Journal<GroupRecord> | undefined;
  #cut = 0;

  private constructor() {}

  static async open({ directory, clock, sync, syncInterval }: OffsetStoreOptions): Promise<OffsetStore> {
    const store = new OffsetStore();
    const { journal, cut } = await Journal.open<GroupRecord>({
      file: join(directory, "groups.log"),
      clock,
      version: 1,
      sync,
      syncInterval,
      compactAt: COMPACT_AT,
      parse: (value) => recordSchema.parse(value),
      apply: (record) => store.#apply(record),
      snapshot: () => store.#snapshot(),
    });
    // Members do not outlive the process.
    for (const group of store.#groups.values()) group.emptySince ??= clock.now();
    store.#journal = journal;
    store.#cut = cut;
    return store;
  }

  /** Bytes of an unfinished record that were cut off at the end of the file. */
  get cut(): number {
    return this.#cut;
  }

  get(group: string): StoredGroup | undefined {
    return this.#groups.get(group);
  }

  ids(): string[] {
    return [...this.#groups.keys()];
  }

  /** Answers when the record is written, and applied; on disk by the policy. */
  async write(record: GroupRecord): Promise<void> {
    await this.#journal?.append(record, { durable: false });
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }

  #apply(record: GroupRecord): void {
    if (record.type === "group-removed") {
      this.#groups.delete(record.group);
      return;
    }
    const group = this.#groups.get(record.group);
    if (record.type === "offsets-removed") {
      for (const [topic, partition] of record.partitions) removeOffset(group, topic, partition);
      return;
    }
    const stored = group ?? { generation: 0, protocolType: null, emptySince: undefined, offsets: new Map() };
    this.#groups.set(record.group, stored);
    if (record.type === "generation") {
      stored.generation = record.generation;
      stored.protocolType = record.protocolType;
      stored.emptySince = record.emptySince ?? undefined;
      return;
    }
    for (const [topic, partition, offset, leaderEpoch, metadata, at] of record.offsets) {
      const partitions = stored.offsets.get(topic) ?? new Map<number, CommittedOffset>();
      stored.offsets.set(topic, partitions);
      partitions.set(partition, { offset, leaderEpoch, metadata, at });
    }
  }

  *#snapshot(): Iterable<GroupRecord> {
    for (const [group, { generation, protocolType, emptySince, offsets }] of this.#groups) {
      yield { type: "generation", group, generation, protocolType, emptySince: emptySince ?? null };
      const all = [...offsets].flatMap(([topic, partitions]) =>
        [...partitions].map(
          ([partition, { offset, leaderEpoch, metadata, at }]) =>
            [topic, partition, offset, leaderEpoch, metadata, at] as [
              string,
              number,
              number,
              number,
              string,
              number,
            ],
        ),
      );
      for (let from = 0; from < all.length; from += CHUNK) {
        yield { type: "offsets", group, offsets: all.slice(from, from + CHUNK) };
      }
    }
  }
}

function removeOffset(group: StoredGroup | undefined, topic: string, partition: number): void {
  const partitions = group?.offsets.get(topic);
  partitions?.delete(partition);
  if (partitions?.size === 0) group?.offsets.delete(topic);
}
