import { randomBytes } from "node:crypto";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import type { StoredTopic } from "./records.ts";
import { checkOverrides, type TopicConfig, type TopicOverrides, topicConfig } from "./topic-config.ts";
import { checkTopicName, collisionKey } from "./topic-name.ts";

/** Where the records of topics are kept. It is told what there has to be; to be told again changes nothing. */
export interface TopicLogs {
  /** Makes the logs of all partitions that have none, and gives the settings to all. */
  ensure(topic: StoredTopic, config: TopicConfig): Promise<void>;
  /** Removes the logs of all partitions for good. */
  remove(topic: StoredTopic): Promise<void>;
}

export interface TopicRegistryOptions {
  logs: TopicLogs;
  /** Writes down how a topic is from now on; answers when that survives a loss of power. */
  save(topic: StoredTopic): Promise<void>;
  saveRemoval(name: string): Promise<void>;
  /** Of topics that say nothing of their own. */
  defaultPartitions: number;
  defaultConfigs: TopicOverrides;
  maxPartitions: number;
}

export interface NewTopic {
  name: string;
  /** Default: the broker's. */
  partitions?: number | undefined;
  configs?: TopicOverrides | undefined;
}

type Change<Result> = () => Promise<Result>;

/** The topics that there are. Changes happen one after the other; each is on disk before it is seen. */
export class TopicRegistry {
  readonly #options: TopicRegistryOptions;
  readonly #topics = new Map<string, StoredTopic>();
  readonly #names = new Map<string, string>();
  readonly #byCollisionKey = new Map<string, string>();
  readonly #onRemoved = new Set<(topic: StoredTopic) => void>();
  #partitions = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: TopicRegistryOptions) {
    this.#options = options;
  }

  /** The broker's own values of settings, beneath those of topics. */
  get defaultConfigs(): TopicOverrides {
    return this.#options.defaultConfigs;
  }

  get(name: string): StoredTopic | undefined {
    const topic = this.#topics.get(name);
    return topic?.deleting === true ? undefined : topic;
  }

  /** By its id, as 22 characters of base64url. */
  byId(id: string): StoredTopic | undefined {
    const name = this.#names.get(id);
    return name === undefined ? undefined : this.get(name);
  }

  /** All topics, in the order of their names. */
  list(): StoredTopic[] {
    const topics = [...this.#topics.values()].filter(({ deleting }) => !deleting);
    return topics.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  config(topic: StoredTopic): TopicConfig {
    return topicConfig(topic.configs, this.#options.defaultConfigs);
  }

  /** Calls `listener` when a topic has gone. */
  onRemoved(listener: (topic: StoredTopic) => void): void {
    this.#onRemoved.add(listener);
  }

  /** Sees that every topic has its logs, and ends removals that were under way. Once, after the journal was read. */
  async start(): Promise<void> {
    for (const topic of [...this.#topics.values()]) {
      if (topic.deleting) await this.#remove(topic);
      else await this.#options.logs.ensure(topic, this.config(topic));
    }
  }

  /**
   * What `create` would say.
   * @throws KafkaError for a bad name, number or setting, and for a name that is taken
   */
  check({ name, partitions = this.#options.defaultPartitions, configs = {} }: NewTopic): StoredTopic {
    checkTopicName(name);
    const other = this.#byCollisionKey.get(collisionKey(name));
    if (other === name) throw new KafkaError(ErrorCode.TOPIC_ALREADY_EXISTS, `topic ${name} exists already`);
    if (other !== undefined) {
      const why = `topic ${name} cannot be told from ${other} where . and _ are the same`;
      throw new KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, why);
    }
    this.#checkPartitions(partitions, partitions);
    checkOverrides(configs);
    return { name, id: newTopicId(), partitions, configs, deleting: false };
  }

  /** @throws KafkaError as `check` does */
  create(topic: NewTopic): Promise<StoredTopic> {
    return this.#inTurn(async () => {
      const created = this.check(topic);
      await this.#saveWithLogs(created);
      return created;
    });
  }

  /** The topic of that name, made with the defaults if there is none. @throws KafkaError as `create` does */
  async getOrCreate(name: string): Promise<StoredTopic> {
    const existing = this.get(name);
    if (existing !== undefined) return existing;
    checkTopicName(name);
    return this.#inTurn(async () => {
      const other = this.get(name);
      if (other !== undefined) return other;
      const created = this.check({ name });
      await this.#saveWithLogs(created);
      return created;
    });
  }

  /** Removes a topic with its records. @throws KafkaError UNKNOWN_TOPIC_OR_PARTITION */
  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const topic = { ...this.#require(name), deleting: true };
      await this.#options.save(topic);
      this.apply(topic);
      await this.#remove(topic);
    });
  }

  /** What `addPartitions` would say. @throws KafkaError for an unknown topic, or a number that is not higher */
  checkNewPartitions(name: string, partitions: number): StoredTopic {
    const topic = this.#require(name);
    if (partitions <= topic.partitions) {
      const why = `topic ${name} has ${topic.partitions} partitions; their number can only grow`;
      throw new KafkaError(ErrorCode.INVALID_PARTITIONS, why);
    }
    this.#checkPartitions(partitions, partitions - topic.partitions);
    return { ...topic, partitions };
  }

  addPartitions(name: string, partitions: number): Promise<void> {
    return this.#inTurn(() => this.#saveWithLogs(this.checkNewPartitions(name, partitions)));
  }

  /**
   * Changes what is set for a topic.
   * @throws KafkaError for an unknown topic, and what `change` or the check of its result throws
   */
  configure(name: string, change: (before: TopicOverrides) => TopicOverrides): Promise<void> {
    return this.#inTurn(async () => {
      const topic = this.checkConfigs(name, change);
      await this.#options.save(topic);
      await this.#options.logs.ensure(topic, this.config(topic));
    });
  }

  /** What `configure` would make of the topic. */
  checkConfigs(name: string, change: (before: TopicOverrides) => TopicOverrides): StoredTopic {
    const topic = this.#require(name);
    const configs = change(topic.configs);
    checkOverrides(configs);
    return { ...topic, configs };
  }

  /** Takes in what the journal says. */
  apply(topic: StoredTopic): void {
    this.#partitions += topic.partitions - (this.#topics.get(topic.name)?.partitions ?? 0);
    this.#topics.set(topic.name, topic);
    this.#names.set(topic.id, topic.name);
    this.#byCollisionKey.set(collisionKey(topic.name), topic.name);
  }

  applyRemoval(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    this.#partitions -= topic.partitions;
    this.#topics.delete(name);
    this.#names.delete(topic.id);
    this.#byCollisionKey.delete(collisionKey(name));
  }

  /** Topics as the journal has to hold them, with those that are going. */
  stored(): Iterable<StoredTopic> {
    return this.#topics.values();
  }

  #require(name: string): StoredTopic {
    const topic = this.get(name);
    if (topic !== undefined) return topic;
    throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${name}`);
  }

  #checkPartitions(partitions: number, added: number): void {
    const { maxPartitions } = this.#options;
    if (partitions < 1) throw new KafkaError(ErrorCode.INVALID_PARTITIONS, "a topic has 1 partition or more");
    if (this.#partitions + added > maxPartitions) {
      const why = `this broker has ${maxPartitions} partitions at the most, and ${this.#partitions} now`;
      throw new KafkaError(ErrorCode.INVALID_PARTITIONS, why);
    }
  }

  /** A partition that clients can see has its log; logs of a topic that is not on record are empty and used again. */
  async #saveWithLogs(topic: StoredTopic): Promise<void> {
    await this.#options.logs.ensure(topic, this.config(topic));
    await this.#options.save(topic);
  }

  async #remove(topic: StoredTopic): Promise<void> {
    await this.#options.logs.remove(topic);
    await this.#options.saveRemoval(topic.name);
    for (const listener of this.#onRemoved) listener(topic);
  }

  #inTurn<Result>(change: Change<Result>): Promise<Result> {
    const turn = this.#last.then(change);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** Kafka's tools take an id that begins with a dash for an option. */
function newTopicId(): string {
  for (;;) {
    const id = randomBytes(16).toString("base64url");
    if (!id.startsWith("-")) return id;
  }
}
