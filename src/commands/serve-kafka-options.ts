import { parseSize } from "../config/size.ts";
import { usageError } from "../core/errors.ts";
import type { ServerOptions } from "../server/index.ts";
import type { Options } from "./command.ts";
import type { serve } from "./serve.meta.ts";

type KafkaOptions = NonNullable<NonNullable<ServerOptions["modules"]>["kafka"]>;

const HIGHEST_PORT = 65_535;

/** A host name or IPv4 address, or an IPv6 address in brackets; then perhaps a port. */
const PLACE = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;

/** What the flags say about the Kafka endpoint. @throws USAGE for what cannot be meant. */
export function kafkaOptions(options: Options<typeof serve>): KafkaOptions {
  if (options.kafkaBrokers !== undefined) return { brokers: brokers(options, options.kafkaBrokers) };
  return {
    port: options.kafkaPort,
    advertised: options.kafkaAdvertise === undefined ? undefined : advertised(options.kafkaAdvertise),
    // The parser lets these two words through only.
    fsync: options.kafkaFsync as KafkaOptions["fsync"],
    quota: options.kafkaQuota === undefined ? undefined : quota(options.kafkaQuota),
    maxConnections: options.kafkaMaxConnections,
    maxConnectionsPerAddress: options.kafkaMaxConnectionsPerAddress,
  };
}

/** Flags of the broker that runs here, as they are spelled. */
const EMBEDDED_ONLY = {
  kafkaPort: "--kafka-port",
  kafkaAdvertise: "--kafka-advertise",
  kafkaFsync: "--kafka-fsync",
  kafkaQuota: "--kafka-quota",
  kafkaMaxConnections: "--kafka-max-connections",
  kafkaMaxConnectionsPerAddress: "--kafka-max-connections-per-address",
} as const;

function brokers(options: Options<typeof serve>, given: readonly string[]): string[] {
  for (const [name, flag] of Object.entries(EMBEDDED_ONLY)) {
    if (options[name as keyof typeof EMBEDDED_ONLY] === undefined) continue;
    throw usageError(`${flag} is about the broker that --kafka-brokers replaces`);
  }
  for (const broker of given) {
    const { port } = place("--kafka-brokers", broker, "write host:9092, several with a comma between them");
    if (port === undefined || port === 0) {
      throw usageError(`--kafka-brokers: "${broker}" names no port`, { hint: `write ${broker}:9092` });
    }
  }
  return [...given];
}

function advertised(text: string): NonNullable<KafkaOptions["advertised"]> {
  const { host, port } = place("--kafka-advertise", text, "write kafka.example.com:9092");
  if (port === 0) throw usageError(`--kafka-advertise: clients cannot connect to port 0`);
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port };
}

function place(flag: string, text: string, hint: string): { host: string; port: number | undefined } {
  const [, host, port] = PLACE.exec(text) ?? [];
  if (host === undefined || Number(port ?? 0) > HIGHEST_PORT) {
    throw usageError(`${flag}: "${text}" is not an address`, { hint });
  }
  return { host, port: port === undefined ? undefined : Number(port) };
}

function quota(text: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw usageError(`--kafka-quota: "${text}" is not a number of bytes a second`, { hint: "write 10m" });
}
