import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import kafkajs, { type Admin, type KafkaConfig, type logCreator, type SASLOptions } from "kafkajs";
import Cluster from "kafkajs/src/cluster/index.js";
import { cancelledError, configError, PlugctlError } from "../../../core/errors.ts";
import { brokersOf } from "../../../core/kafka/target.ts";
import type { Connection } from "../../adapter.ts";
import { type Asked, rootFailure, toKafkaError } from "../errors.ts";
import { registerCodecs } from "./codecs.ts";
import { quietenQueues } from "./quiet-queue.ts";
import { Sockets } from "./sockets.ts";

/** Milliseconds. */
const CONNECTION_TIMEOUT = 3_000;
const LONGEST_REQUEST = 15_000;
const CLOSE_TIMEOUT = 3_000;

/** About three seconds of trying: a leader that is being chosen is waited for, an address where nobody is not for long. */
const RETRY = { retries: 5, initialRetryTime: 100, multiplier: 2, factor: 0.2 };

/** Read committed: what a transaction took back is not shown. */
const READ_COMMITTED = 1;

/** A broker that has just started, or that a group or producer has just come to. */
const LOADING: ReadonlySet<string | undefined> = new Set([
  "GROUP_LOAD_IN_PROGRESS",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR_FOR_GROUP",
  "LEADER_NOT_AVAILABLE",
]);
const LOADING_DELAY = 200;

/** Asks again for as long as the broker is about to be ready. Whoever waits sets the limit. */
export async function whileLoading<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!LOADING.has(rootFailure(error).type)) throw error;
      await sleep(LOADING_DELAY, undefined, { ref: false });
    }
  }
}

/** Who signs in, where somebody does. */
export interface Credentials {
  user: string;
  password: string;
}

/** A target's cluster through kafkajs: one connection for administration, one for each production and reading. */
export class KafkaClient {
  readonly asked: Asked;
  readonly #connection: Connection;
  readonly #credentials: Credentials | undefined;
  readonly #sockets = new Sockets();
  readonly #open = new Set<{ disconnect(): Promise<void> }>();
  #config: Promise<KafkaConfig> | undefined;
  #admin: Promise<Admin> | undefined;
  #cluster: Promise<Cluster> | undefined;

  /** @param credentials instead of those that the target has, for a sign-in */
  constructor(connection: Connection, credentials?: Credentials) {
    quietenQueues();
    registerCodecs();
    this.#connection = connection;
    this.#credentials = credentials;
    this.asked = { target: connection.target, brokers: brokersOf(connection.url, connection.kafka) };
  }

  get signal(): AbortSignal {
    return this.#connection.signal;
  }

  /** For one call, and for what is sent to be acknowledged, in milliseconds. */
  get timeoutMs(): number {
    return this.#connection.timeoutMs;
  }

  /** Does something with the cluster's administration; for no longer than a call may take. */
  async withAdmin<T>(asked: Partial<Asked>, work: (admin: Admin) => Promise<T>): Promise<T> {
    this.#admin ??= this.#configuration().then(async (config) => {
      const admin = new kafkajs.Kafka(config).admin({ retry: RETRY });
      this.#open.add(admin);
      await admin.connect();
      return admin;
    });
    const admin = await this.within(this.#admin, asked);
    return this.within(
      whileLoading(() => work(admin)),
      asked,
    );
  }

  /** The same with what the public interface does not reach. */
  async withCluster<T>(asked: Partial<Asked>, work: (cluster: Cluster) => Promise<T>): Promise<T> {
    this.#cluster ??= this.openCluster();
    const cluster = await this.within(this.#cluster, asked);
    return this.within(
      whileLoading(() => work(cluster)),
      asked,
    );
  }

  /** A connection of its own, closed with the client. */
  async openCluster(options: { maxInFlightRequests?: number } = {}): Promise<Cluster> {
    const { logCreator, logLevel, ...config } = await this.#configuration();
    const logger = new kafkajs.Kafka({ ...config, logCreator, logLevel } as KafkaConfig).logger();
    const cluster = new Cluster({
      ...config,
      logger,
      allowAutoTopicCreation: false,
      maxInFlightRequests: options.maxInFlightRequests ?? null,
      isolationLevel: READ_COMMITTED,
      metadataMaxAge: 300_000,
    });
    this.#open.add(cluster);
    await cluster.connect();
    return cluster;
  }

  /** For consumers of a group. */
  async kafka(): Promise<kafkajs.Kafka> {
    return new kafkajs.Kafka(await this.#configuration());
  }

  /** Waits for what was begun, but not for longer than a call may take, and not after an interruption. */
  async within<T>(work: Promise<T>, asked: Partial<Asked> = {}): Promise<T> {
    const all = { ...this.asked, ...asked };
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () =>
        reject(
          new PlugctlError("TIMEOUT", `${all.target} did not answer within ${this.timeoutMs / 1000} s`, {
            hint: "--timeout gives it longer",
            details: { target: all.target },
          }),
        ),
      this.timeoutMs,
    );
    const onAbort = () => reject(cancelledError("interrupted"));
    if (this.signal.aborted) onAbort();
    this.signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([work, promise]);
    } catch (error) {
      throw toKafkaError(error, all);
    } finally {
      clearTimeout(timer);
      this.signal.removeEventListener("abort", onAbort);
    }
  }

  async close(): Promise<void> {
    const open = [...this.#open];
    this.#open.clear();
    this.#admin = undefined;
    this.#cluster = undefined;
    const goodbyes = Promise.allSettled(open.map((connection) => connection.disconnect()));
    await Promise.race([goodbyes, sleep(CLOSE_TIMEOUT, undefined, { ref: false })]);
    this.#sockets.close();
  }

  #configuration(): Promise<KafkaConfig> {
    this.#config ??= this.#makeConfig();
    return this.#config;
  }

  async #makeConfig(): Promise<KafkaConfig> {
    const { kafka, caFile, timeoutMs, target, userAgent } = this.#connection;
    const { brokers } = this.asked;
    if (brokers.length === 0) {
      throw configError(`target "${target}" names no broker`, {
        hint: `plugctl target add ${target} --overwrite --kind kafka --brokers HOST:PORT`,
      });
    }
    const pem = async (path: string | undefined) => (path === undefined ? undefined : readFile(path));
    const [ca, cert, key] = await Promise.all([pem(caFile), pem(kafka?.cert), pem(kafka?.key)]);
    const tls = kafka?.tls === true && {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
    const sasl = await this.#sasl();
    return {
      brokers: [...brokers],
      socketFactory: this.#sockets.factory,
      clientId: userAgent.replace("/", "-"),
      ...(tls === false ? {} : { ssl: tls }),
      ...(sasl === undefined ? {} : { sasl }),
      connectionTimeout: Math.min(CONNECTION_TIMEOUT, timeoutMs),
      authenticationTimeout: Math.min(LONGEST_REQUEST, timeoutMs),
      requestTimeout: Math.min(LONGEST_REQUEST, timeoutMs),
      retry: RETRY,
      logLevel: kafkajs.logLevel.INFO,
      logCreator: this.#logCreator(),
    };
  }

  async #sasl(): Promise<SASLOptions | undefined> {
    const { kafka, target, credential, login } = this.#connection;
    const mechanism = kafka?.sasl;
    if (mechanism === undefined) return undefined;
    const username = this.#credentials?.user ?? (await login()) ?? kafka?.user;
    const password = this.#credentials?.password ?? (await credential());
    if (username === undefined || password === undefined) {
      throw new PlugctlError("UNAUTHENTICATED", `you are not signed in to ${target}`, {
        hint: `plugctl login -t ${target}`,
        details: { target },
      });
    }
    return { mechanism, username, password };
  }

  /** kafkajs writes to stdout by itself; its lines are for those who ask for details. */
  #logCreator(): logCreator {
    const { trace } = this.#connection;
    return () =>
      ({ namespace, log: { message, broker } }) =>
        trace?.(`kafka ${namespace}: ${message}${broker === undefined ? "" : ` (${broker})`}`);
  }
}
