import { isIPv6 } from "node:net";
import { join } from "node:path";
import type { KafkaOptions, Network, RunningModule, ServerContext, ServerModule } from "../module.ts";
import { listenError } from "../start/listen.ts";
import {
  type Broker,
  type BrokerListener,
  noQuotas,
  openLogStore,
  saslAuthenticator,
  startBroker,
  systemClock,
  TokenBuckets,
} from "./broker/index.ts";
import { assertReachable } from "./cluster.ts";
import { brokerMetrics, countTopics, meteredQuotas, requestMetrics } from "./metrics.ts";
import { accountAuthorizer, UserAccounts } from "./security/accounts.ts";
import { kafkaAuditor } from "./security/audit.ts";

const NAME = "kafka";
const TARGET = "local-kafka";
const DEFAULT_PORT = 9092;
/** Connections that one address may have unless told otherwise: the bulk of all, so that no single client fills them. */
const DEFAULT_PER_ADDRESS = 1000;
/** Rights of those who are connected are looked up anew so often, whatever happened. */
const RENEW_MS = 30_000;
/** Events after which somebody may have other rights. */
const IDENTITY_EVENT = /^(?:user|role|token|provider)\./;

/** The Kafka endpoint: a broker in this process, or the address of an Apache Kafka that is there already. */
export const kafkaModule: ServerModule = {
  name: NAME,
  migrations: {},
  scram: true,
  async start(context) {
    const { kafka = {} } = context.options;
    return kafka.brokers === undefined ? startEmbedded(context, kafka) : useCluster(kafka.brokers);
  },
};

async function startEmbedded(context: ServerContext, options: KafkaOptions): Promise<RunningModule> {
  const { network, connectionLogins, events, metrics } = context;
  const log = context.log.child({ module: NAME });
  const accounts = new UserAccounts({
    logins: connectionLogins,
    grantOf: () => undefined,
    log,
    metrics,
  });
  const listener = listenerOf(network, options);
  const quotas = options.quota === undefined ? noQuotas : new TokenBuckets(options.quota, systemClock);
  const broker = await startBroker({
    dataDir: join(context.dataDir, NAME),
    listeners: [{ ...listener, authenticator: saslAuthenticator({ accounts, clock: systemClock }) }],
    fsync: options.fsync ?? "always",
    openLogs: openLogStore,
    log,
    authorizer: accountAuthorizer,
    quotas: meteredQuotas(quotas, metrics),
    auditor: kafkaAuditor({ audit: context.audit, events, log }),
    onRequest: requestMetrics(metrics),
    limits: {
      ...(options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }),
      maxConnectionsPerAddress: options.maxConnectionsPerAddress ?? DEFAULT_PER_ADDRESS,
    },
  }).catch((error: unknown) => {
    throw listenError(error, { ...listener, flag: "--kafka-port" });
  });
  brokerMetrics(broker, metrics);
  const unsubscribe = events.subscribe(({ type }) => {
    if (IDENTITY_EVENT.test(type)) void accounts.renew();
  });
  const address = localAddress(broker, network);
  return {
    address,
    targets: [
      {
        name: TARGET,
        kind: NAME,
        kafka: {
          brokers: [withName(address)],
          sasl: "plain",
          ...(network.tls === undefined ? {} : { tls: true }),
        },
      },
    ],
    routes: async () => {},
    jobs: [{ name: "kafka.rights", everyMs: RENEW_MS, run: () => accounts.renew() }],
    async ready() {
      const { readOnly } = countTopics(broker);
      if (readOnly > 0)
        throw new Error(`the disk failed under ${readOnly} partitions, which take nothing more`);
    },
    counts: async () => {
      const { topics, partitions } = countTopics(broker);
      return { kafkaTopics: topics, kafkaPartitions: partitions };
    },
    async stop() {
      unsubscribe();
      await broker.stop();
    },
  };
}

/** Nothing runs here then; clients are told where the brokers are. */
async function useCluster(brokers: readonly string[]): Promise<RunningModule> {
  return {
    address: brokers.join(","),
    targets: [{ name: TARGET, kind: NAME, kafka: { brokers } }],
    routes: async () => {},
    ready: () => assertReachable(brokers),
  };
}

function listenerOf({ host, tls, anyPort }: Network, { port, advertised }: KafkaOptions): BrokerListener {
  return {
    name: tls === undefined ? "SASL_PLAINTEXT" : "SASL_SSL",
    host,
    port: port ?? (anyPort ? 0 : DEFAULT_PORT),
    advertised,
    ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
  };
}

/** Where programs on this machine reach the broker. */
function localAddress({ addresses }: Broker, { host }: Network): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `${isIPv6(reachable) ? `[${reachable}]` : reachable}:${addresses[0]?.port}`;
}

/** The same for clients of Kafka, few of which read an IPv6 address with a port. */
const withName = (address: string) => address.replace(/^\[.*\]/, "localhost");
