import { forEachOf } from "./concurrency.ts";
import type { StoredTopic } from "./meta/records.ts";
import type { TopicConfig } from "./meta/topic-config.ts";
import { checkTopicName } from "./meta/topic-name.ts";
import type { TopicLogs, TopicRegistry } from "./meta/topic-registry.ts";
import { ErrorCode, KafkaError } from "./protocol/errors.ts";
import type { Partition, Topic, Topics } from "./topics.ts";

/** The log of a partition, as its owner sees it. */
export interface OwnedPartition extends Partition {
  configure(config: TopicConfig): void;
}

/** Where the logs of partitions are kept. */
export interface LogStore {
  /** The log of a partition, made if there is none. */
  open(topic: string, index: number, config: TopicConfig): Promise<OwnedPartition>;
  /** Removes a log with its records for good. */
  remove(topic: string, index: number): Promise<void>;
  /** Where there are logs that nobody opened since the start. They are kept: to be on no record is no proof of a removal. */
  unclaimed(): readonly string[];
  /** Makes everything durable. */
  close(): Promise<void>;
}

/** Logs that are made at a time. */
const AT_A_TIME = 8;

interface OpenTopic extends Topic {
  readonly partitions: OwnedPartition[];
}

/** Brings the topics on record and their logs together. */
export class TopicDirectory implements TopicLogs, Topics {
  readonly #store: LogStore;
  readonly #autoCreate: boolean;
  /** By topic id. */
  readonly #open = new Map<string, OpenTopic>();
  #registry: TopicRegistry | undefined;

  /** @param autoCreate whether a topic is made when a client asks for it by using it */
  constructor(store: LogStore, autoCreate: boolean) {
    this.#store = store;
    this.#autoCreate = autoCreate;
  }

  /** The registry whose logs these are, which has to have them first. */
  attach(registry: TopicRegistry): void {
    this.#registry = registry;
  }

  async ensure({ name, id, partitions: count }: StoredTopic, config: TopicConfig): Promise<void> {
    const open = this.#open.get(id) ?? { name, id, partitions: [] };
    for (const partition of open.partitions) partition.configure(config);
    const missing = Array.from(
      { length: count - open.partitions.length },
      (_, index) => open.partitions.length + index,
    );
    const added: OwnedPartition[] = [];
    await forEachOf(missing.entries(), AT_A_TIME, async ([place, index]) => {
      added[place] = await this.#store.open(name, index, config);
    });
    open.partitions.push(...added);
    this.#open.set(id, open);
  }

  async remove({ name, id, partitions: count }: StoredTopic): Promise<void> {
    const opened = this.#open.get(id)?.partitions.length ?? 0;
    for (let index = 0; index < Math.max(count, opened); index++) await this.#store.remove(name, index);
    this.#open.delete(id);
  }

  byName(name: string): Topic | undefined {
    return this.#withLogs(this.#registry?.get(name));
  }

  byId(id: string): Topic | undefined {
    return this.#withLogs(this.#registry?.byId(id));
  }

  *all(): Iterable<Topic> {
    for (const record of this.#registry?.list() ?? []) {
      const topic = this.#withLogs(record);
      if (topic !== undefined) yield topic;
    }
  }

  async createOnUse(name: string): Promise<Topic> {
    checkTopicName(name);
    if (this.#autoCreate) {
      const topic = this.#withLogs(await this.#registry?.getOrCreate(name));
      if (topic !== undefined) return topic;
    }
    throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${name}`);
  }

  /** A topic with the partitions that are on record; logs of more may be there already. */
  #withLogs(record: StoredTopic | undefined): Topic | undefined {
    if (record === undefined) return undefined;
    const open = this.#open.get(record.id);
    if (open === undefined || open.partitions.length === record.partitions) return open;
    return { ...open, partitions: open.partitions.slice(0, record.partitions) };
  }
}
