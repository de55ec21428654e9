import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, it } from "vitest";
import { apiVersions } from "../../../src/server/kafka/broker/protocol/messages/api-versions.ts";
import { findCoordinator } from "../../../src/server/kafka/broker/protocol/messages/find-coordinator.ts";
import { produce } from "../../../src/server/kafka/broker/protocol/messages/produce.ts";
import type { Endpoint } from "../../../src/server/kafka/broker/protocol/registry.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { encodeRequest } from "../../helpers/kafka-messages.ts";
import { decodeAnswer, WireClient } from "../../helpers/kafka-wire.ts";
import { useBothBrokers } from "./both-brokers.ts";
import { eventually } from "./clients/eventually.ts";
import { Observer } from "./clients/observer.ts";
import { ODD_FRAMES } from "./wire/odd-frames.ts";
import { batch, ODD_REQUESTS, TIMES, TOPIC } from "./wire/odd-requests.ts";

/** How long a broker has that answers nothing and keeps the connection, in ms. */
const SILENCE_MS = 1_500;

/** What a broker makes of some bytes: its answers, and whether it closes the connection. */
async function reaction(address: Endpoint, bytes: Buffer) {
  const client = await WireClient.connect(address);
  client.socket.write(bytes);
  // What comes after it is answered, or the connection is closed.
  client.socket.write(encodeRequest(apiVersions, 0, {}, { correlationId: 2 }));
  const end = Promise.race([once(client.socket, "close").catch(() => {}), sleep(SILENCE_MS)]);
  const answered = (async () => {
    while (!client.answers.some(({ correlationId }) => correlationId === 2))
      await client.until(client.answers.length + 1);
  })();
  await Promise.race([end, answered.catch(() => {})]);
  const closed = client.socket.destroyed;
  client.socket.destroy();
  return { closed, answers: client.answers.filter(({ correlationId }) => correlationId !== 2) };
}

const OWN: ReadonlySet<string> = new Set([
  "throttleTimeMs",
  "errorMessage",
  "batchIndexErrorMessage",
  "clusterId",
  "port",
  "documentation",
  // Null and an empty list mean the same; Apache Kafka uses both.
  "abortedTransactions",
]);

/** Without what a broker says in its own words, and what differs from one to the next. */
function comparable(value: unknown, besides: readonly string[]): unknown {
  if (Buffer.isBuffer(value)) return value.toString("hex");
  if (Array.isArray(value)) return value.map((one) => comparable(one, besides));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !OWN.has(key) && !besides.includes(key))
      .map(([key, inner]) => [key, comparable(inner, besides)]),
  );
}

describeWith(["default-jre-headless", "maven"], "requests that a broker refuses", () => {
  const brokers = useBothBrokers();
  const both = <T>(ask: (address: Endpoint) => Promise<T>) =>
    Promise.all([ask(brokers.embedded), ask(brokers.apache)]);

  beforeAll(async () => {
    await both(async (address) => {
      using observer = await Observer.connect(address);
      await observer.createTopic(TOPIC, 1);
      const client = await WireClient.connect(address);
      const partitionData = [{ index: 0, records: batch(TIMES) }];
      const request = { acks: -1, timeoutMs: 5_000, topicData: [{ name: TOPIC, partitionData }] };
      await client.call(produce, 9, { transactionalId: null, ...request });
      // The first group makes Apache Kafka make the topic where it keeps offsets.
      const found = { key: "g", keyType: 0, coordinatorKeys: ["g"] };
      const ready = async () => {
        const { coordinators } = await client.call(findCoordinator, 4, found);
        return (coordinators as { errorCode: number }[])[0]?.errorCode;
      };
      await eventually(ready, 0);
      client.socket.destroy();
    });
  });

  it.each(ODD_REQUESTS)(
    "$title: the answer is Apache Kafka's",
    async ({ api, version, request, besides = [] }) => {
      const frame = encodeRequest(api, version, request);
      const [embedded, apache] = await both(async (address) => {
        const { closed, answers } = await reaction(address, frame);
        return {
          closed,
          answers: answers.map((answer) => comparable(decodeAnswer(api, version, answer), besides)),
        };
      });
      expect(embedded).toEqual(apache);
    },
  );

  it.each(ODD_FRAMES)("$title: is met as by Apache Kafka", async ({ bytes }) => {
    const [embedded, apache] = await both(async (address) => {
      const { closed, answers } = await reaction(address, bytes);
      return { closed, answers: answers.length };
    });
    expect(embedded).toEqual(apache);
  });

  it("ApiVersions of a version that is yet to come: the refusal says which there are", async () => {
    const frame = encodeRequest(apiVersions, 4, { clientSoftwareName: "a", clientSoftwareVersion: "1" });
    frame.writeInt16BE(99, 6);
    const [embedded, apache] = await both(async (address) => {
      const { answers } = await reaction(address, frame);
      return answers.map((answer) => decodeAnswer(apiVersions, 0, answer));
    });
    expect(embedded).toEqual(apache);
    expect(embedded).toMatchObject([{ errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0 }] }]);
  });
});
