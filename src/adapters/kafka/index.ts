import type { AdapterFactory } from "../adapter.ts";
import { createGroups } from "./groups.ts";
import { openKafka } from "./kafkajs/index.ts";
import { createMessages } from "./messages.ts";
import { createHealthCheck, createSession } from "./session.ts";
import { createTopics } from "./topics.ts";

export const kind = "kafka";

/** Connects to a Kafka cluster: plugctl's own broker, Apache Kafka, or another that speaks its protocol. */
export const createAdapter: AdapterFactory = (connection) => {
  const port = openKafka(connection);
  return {
    kind,
    target: connection.target,
    can: {
      health: createHealthCheck(connection, port),
      session: createSession(connection),
      topics: createTopics(port.admin),
      groups: createGroups(port.admin, connection.target),
      messages: createMessages(port, connection),
    },
    close: () => port.close(),
  };
};
