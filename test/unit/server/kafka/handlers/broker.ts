import { onTestFinished } from "vitest";
import {
  type Broker,
  type BrokerOptions,
  startBroker,
} from "../../../../../src/server/kafka/broker/broker.ts";
import type { Api, RequestOf } from "../../../../../src/server/kafka/broker/protocol/schema.ts";
import type { Operation, Resource } from "../../../../../src/server/kafka/broker/security.ts";
import { WireClient } from "../../../../helpers/kafka-wire.ts";
import { MemoryLogs } from "../../../../helpers/memory-logs.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";

/** A decoded response, to be looked into by a test. */
// biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
export type Answered = any;

export interface TestBroker {
  broker: Broker;
  logs: MemoryLogs;
  /** One more connection. */
  connect(): Promise<WireClient>;
  /** Calls on the first connection; without a version, in the newest. */
  call<A extends Api>(api: A, request: Partial<RequestOf<A>>, version?: number): Promise<Answered>;
}

/** A broker on a real socket with its journals on disk; it stops with the test. */
export async function startTestBroker(options: Partial<BrokerOptions> = {}): Promise<TestBroker> {
  const logs = new MemoryLogs();
  const broker = await startBroker({
    dataDir: await makeTempDir(),
    listeners: [{ host: "127.0.0.1", port: 0 }],
    fsync: "never",
    openLogs: async () => logs,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    ...options,
  });
  onTestFinished(() => broker.stop());
  const [address] = broker.addresses;
  if (address === undefined) throw new Error("no listener");
  const connect = () => WireClient.connect(address);
  const client = await connect();
  return {
    broker,
    logs,
    connect,
    call: (api, request, version = api.versions[1]) => client.call(api, version, request),
  };
}

/** Everything is allowed but what is listed, as `operation type name`. */
export const allBut = (...denied: string[]) => ({
  authorizer: {
    authorize: (_: unknown, operation: Operation, { type, name }: Resource) =>
      !denied.includes(`${operation} ${type} ${name}`),
  },
});

/** Every version of an API that is served. */
export const versions = ({ versions: [first, last] }: Api): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
