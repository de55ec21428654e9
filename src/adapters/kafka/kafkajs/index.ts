import type { Connection } from "../../adapter.ts";
import type { KafkaPort } from "../port.ts";
import { createAdmin } from "./admin.ts";
import { type Credentials, KafkaClient } from "./client.ts";
import { readAsMember } from "./member.ts";
import { openProducer } from "./producer.ts";
import { readPartitions } from "./reader.ts";

/**
 * The port through kafkajs; nothing is connected before it is needed.
 * @param credentials instead of those that the target has, for a sign-in
 */
export function openKafka(connection: Connection, credentials?: Credentials): KafkaPort {
  const client = new KafkaClient(connection, credentials);
  return {
    admin: createAdmin(client),
    openProducer: (options) => openProducer(client, options),
    consume: (starts, options) => readPartitions(client, starts, options),
    consumeAsMember: (options) => readAsMember(client, options),
    close: () => client.close(),
  };
}
