import { mkdir } from "node:fs/promises";
import { type Clock, systemClock } from "./clock.ts";
import { GroupCoordinator } from "./groups/coordinator.ts";
import type { GroupSettings } from "./groups/group.ts";
import { OffsetStore } from "./groups/offset-store.ts";
import { adminRoutes } from "./handlers/admin-routes.ts";
import { apiVersionsRoute } from "./handlers/api-versions.ts";
import { audited } from "./handlers/audited.ts";
import { fetchRoute } from "./handlers/fetch.ts";
import { groupRoutes } from "./handlers/group-routes.ts";
import { listOffsetsRoute } from "./handlers/list-offsets.ts";
import { metadataRoute } from "./handlers/metadata.ts";
import { produceRoute } from "./handlers/produce.ts";
import { saslRoutes } from "./handlers/sasl.ts";
import { type RequestObserver, timed } from "./handlers/timed.ts";
import type { BrokerLog } from "./log-lines.ts";
import { openMetaStore } from "./meta/meta-store.ts";
import type { TopicOverrides } from "./meta/topic-config.ts";
import { DEFAULT_LIMITS, type Limits } from "./net/limits.ts";
import { Listener, type ListenerOptions } from "./net/listener.ts";
import { MemoryBudget } from "./net/memory-budget.ts";
import { ApiRegistry, type Endpoint } from "./protocol/registry.ts";
import {
  type Auditor,
  type Authenticator,
  type Authorizer,
  allowEverything,
  noAudit,
  noAuthentication,
  noQuotas,
  type Quotas,
} from "./security.ts";
import { type LogStore, TopicDirectory } from "./topic-directory.ts";
import type { Topics } from "./topics.ts";

/** When what is acknowledged is on disk: before the answer, within a second, or when the system likes. */
export type FsyncPolicy = "always" | "interval" | "never";

export interface BrokerListener extends ListenerOptions {
  /** Otherwise whoever reaches the listener may use it. */
  readonly authenticator?: Authenticator | undefined;
}

/** What topics and clients get that ask for nothing else. */
export interface BrokerDefaults {
  /** Partitions of a new topic. */
  readonly partitions: number;
  readonly topicConfigs: TopicOverrides;
  /** Whether a topic is made when a client uses its name. */
  readonly autoCreateTopics: boolean;
  /** Most partitions of all topics together. */
  readonly maxPartitions: number;
  readonly groups: GroupSettings;
  /** How long a group without members keeps its offsets, in milliseconds. */
  readonly offsetsRetention: number;
}

export interface BrokerOptions {
  /** Made if it is not there; one broker at a time. */
  readonly dataDir: string;
  /** One at least. */
  readonly listeners: readonly BrokerListener[];
  readonly fsync: FsyncPolicy;
  readonly openLogs: (options: {
    dir: string;
    clock: Clock;
    fsync: FsyncPolicy;
    log: BrokerLog;
  }) => Promise<LogStore>;
  readonly log: BrokerLog;
  readonly authorizer?: Authorizer | undefined;
  readonly quotas?: Quotas | undefined;
  readonly auditor?: Auditor | undefined;
  /** Is told of every request that was answered. */
  readonly onRequest?: RequestObserver | undefined;
  readonly defaults?: Partial<BrokerDefaults> | undefined;
  readonly limits?: Partial<Limits> | undefined;
  readonly clock?: Clock | undefined;
}

export interface Broker {
  readonly clusterId: string;
  /** Where its listeners listen, in their order. */
  readonly addresses: readonly Endpoint[];
  /** For use in the same process: what is appended here reaches clients as well. */
  readonly topics: Topics;
  /** Connections that are open now. */
  connections(): number;
  /** Answers what is under way, makes everything durable and lets go of the data directory. */
  stop(): Promise<void>;
}

/** The only broker of its cluster. */
const NODE_ID = 1;

/** Milliseconds. Power that fails takes the offsets of that time, whose records are then read twice. */
const OFFSETS_SYNC_INTERVAL = 1_000;

const DEFAULTS: BrokerDefaults = {
  partitions: 1,
  topicConfigs: {},
  autoCreateTopics: true,
  maxPartitions: 10_000,
  groups: {
    initialRebalanceDelay: 0,
    minSessionTimeout: 6_000,
    maxSessionTimeout: 1_800_000,
    maxMembers: 1_000,
  },
  offsetsRetention: 7 * 24 * 60 * 60_000,
};

/**
 * Starts a Kafka broker in this process: a cluster of one. Several of them get along, each with its data directory.
 * @throws what the file system or the network refuses; nothing stays open then.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { dataDir, listeners, fsync, log, clock = systemClock, openLogs } = options;
  const { authorizer = allowEverything, quotas = noQuotas, auditor = noAudit, onRequest } = options;
  const defaults = { ...DEFAULTS, ...options.defaults };
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  await using open = new AsyncDisposableStack();

  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const store = await openLogs({ dir: dataDir, clock, fsync, log });
  open.defer(() => store.close());
  const topics = new TopicDirectory(store, defaults.autoCreateTopics);
  const meta = await openMetaStore({
    directory: dataDir,
    clock,
    logs: topics,
    defaultPartitions: defaults.partitions,
    defaultConfigs: defaults.topicConfigs,
    maxPartitions: defaults.maxPartitions,
  });
  open.defer(() => meta.close());
  topics.attach(meta.topics);
  reportCut(log, "meta.log", meta.cut);
  for (const directory of store.unclaimed()) {
    log.warn({ directory }, "a log belongs to no topic on record; it is kept");
  }
  const offsets = await OffsetStore.open({
    directory: dataDir,
    clock,
    sync: fsync === "never" ? "never" : "interval",
    syncInterval: OFFSETS_SYNC_INTERVAL,
  });
  open.defer(() => offsets.close());
  reportCut(log, "groups.log", offsets.cut);
  const { offsetsRetention } = defaults;
  const groups = new GroupCoordinator({ store: offsets, clock, settings: defaults.groups, offsetsRetention });
  open.defer(() => groups.close());
  meta.topics.onRemoved(({ name }) => {
    groups.forgetTopic(name).catch((error: unknown) => {
      log.error({ topic: name, err: error }, "offsets of a topic that was removed are still there");
    });
  });

  const shared = { topics, authorizer, quotas, clock, log, clusterId: meta.clusterId, nodeId: NODE_ID };
  const registry = new ApiRegistry();
  const routes = [
    produceRoute(shared),
    fetchRoute(shared),
    listOffsetsRoute(shared),
    metadataRoute(shared),
    apiVersionsRoute(registry),
    ...groupRoutes({ ...shared, groups }),
    ...adminRoutes({
      ...shared,
      registry: meta.topics,
      producerIds: meta.producerIds,
      brokerConfigs: brokerConfigs(defaults),
    }),
    ...(listeners.some(({ authenticator }) => authenticator !== undefined) ? saslRoutes() : []),
  ];
  registry.add(...routes.map((route) => timed(audited(route, auditor), onRequest)));

  const around = { registry, limits, budget: new MemoryBudget(limits.maxBuffered), clock, log };
  const started: Listener[] = [];
  open.defer(() => Promise.all(started.map((listener) => listener.stop())).then(() => {}));
  for (const { authenticator = noAuthentication, ...listenerOptions } of listeners) {
    const listener = new Listener(listenerOptions, authenticator, around);
    await listener.listen();
    started.push(listener);
  }

  const owned = open.move();
  return {
    clusterId: meta.clusterId,
    addresses: started.map(({ address }) => address),
    topics,
    connections: () => started.reduce((sum, { connections }) => sum + connections, 0),
    stop: () => owned.disposeAsync(),
  };
}

/** A crash leaves half a record at most, which nobody was told of; more than that is worth a look. */
function reportCut(log: BrokerLog, file: string, bytes: number): void {
  if (bytes > 0) log.warn({ file, bytes }, "cut a journal where its last whole record ends");
}

/** What tools may see of the broker's settings, by Kafka's names. */
const brokerConfigs = ({ partitions, autoCreateTopics, offsetsRetention }: BrokerDefaults) => ({
  "broker.id": String(NODE_ID),
  "num.partitions": String(partitions),
  "default.replication.factor": "1",
  "auto.create.topics.enable": String(autoCreateTopics),
  "offsets.retention.minutes": String(offsetsRetention / 60_000),
});
