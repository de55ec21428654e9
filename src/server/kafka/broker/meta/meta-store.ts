import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { openClusterId } from "./cluster-id.ts";
import { Journal } from "./journal.ts";
import { ProducerIds } from "./producer-ids.ts";
import { type MetaRecord, metaRecordSchema } from "./records.ts";
import { TopicRegistry, type TopicRegistryOptions } from "./topic-registry.ts";

const COMPACT_AT = 4 * 1024 * 1024;

export interface MetaStoreOptions extends Omit<TopicRegistryOptions, "save" | "saveRemoval"> {
  directory: string;
  clock: Clock;
}

/** What the broker knows beside records and groups, in `meta.json` and `meta.log`. */
export interface MetaStore {
  readonly clusterId: string;
  readonly topics: TopicRegistry;
  readonly producerIds: ProducerIds;
  /** Bytes of an unfinished record that were cut off at the end of `meta.log`. */
  readonly cut: number;
  close(): Promise<void>;
}

/** Opens what `directory` holds and sees that every topic has its logs. */
export async function openMetaStore({ directory, clock, ...options }: MetaStoreOptions): Promise<MetaStore> {
  const clusterId = await openClusterId(directory);
  let replaying = true;
  const write = (record: MetaRecord) => journal.append(record, { durable: true });
  const topics = new TopicRegistry({
    ...options,
    save: (topic) => write({ type: "topic", topic }),
    saveRemoval: (name) => write({ type: "topic-removed", name }),
  });
  const producerIds = new ProducerIds((next) => write({ type: "producer-ids", next }));

  function apply(record: MetaRecord): void {
    if (record.type === "topic") topics.apply(record.topic);
    else if (record.type === "topic-removed") topics.applyRemoval(record.name);
    else producerIds.apply(record.next, { replaying });
  }
  function* snapshot(): Iterable<MetaRecord> {
    for (const topic of topics.stored()) yield { type: "topic", topic };
    yield { type: "producer-ids", next: producerIds.reserved };
  }

  const { journal, cut } = await Journal.open<MetaRecord>({
    file: join(directory, "meta.log"),
    clock,
    version: 1,
    sync: "always",
    syncInterval: 0,
    compactAt: COMPACT_AT,
    parse: (value) => metaRecordSchema.parse(value),
    apply,
    snapshot,
  });
  replaying = false;
  try {
    await topics.start();
  } catch (error) {
    await journal.close();
    throw error;
  }
  return { clusterId, topics, producerIds, cut, close: () => journal.close() };
}
