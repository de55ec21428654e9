import { describe, expect, it, vi } from "vitest";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { fetch } from "../../../../../src/server/kafka/broker/protocol/messages/fetch.ts";
import { encodeRequest } from "../../../../helpers/kafka-messages.ts";
import { recordBatch } from "../../../../helpers/record-batch.ts";
import { type Answered, allBut, startTestBroker, versions } from "./broker.ts";

const UNKNOWN_ID = `${"A".repeat(21)}Q`;

interface Wanted {
  partition?: number;
  fetchOffset?: number;
  partitionMaxBytes?: number;
  currentLeaderEpoch?: number;
  lastFetchedEpoch?: number;
}

const wanted = ({ partition = 0, ...more }: Wanted = {}) => ({
  partition,
  fetchOffset: 0,
  partitionMaxBytes: 1_000_000,
  currentLeaderEpoch: -1,
  lastFetchedEpoch: -1,
  ...more,
});

async function withTopic(options: Parameters<typeof startTestBroker>[0] = {}) {
  const test = await startTestBroker({ ...options, defaults: { partitions: 2, ...options.defaults } });
  const topic = await test.broker.topics.createOnUse("t");
  const request = (partitions: Wanted[], more: object = {}) => ({
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 10_000_000,
    topics: [{ topic: "t", topicId: topic.id, partitions: partitions.map(wanted) }],
    ...more,
  });
  return {
    ...test,
    topic,
    request,
    append: (batch: Buffer, index = 0) => topic.partitions[index]?.append(batch, { acks: 1 }),
    waiting: () => test.logs.partitions.get("t-0")?.waiting,
    /** Fetches and gives the answers for the partitions of the topic. */
    fetchAll: async (partitions: Wanted[], more: object = {}, version = 17): Promise<Answered> =>
      (await test.call(fetch, request(partitions, more) as never, version)).responses[0].partitions,
  };
}

describe("Fetch", () => {
  it.each(versions(fetch))(
    "gives the batches from the one that holds the offset on, in version %i",
    async (version) => {
      const { append, fetchAll } = await withTopic();
      const batches = [recordBatch({ count: 2 }), recordBatch({ count: 3 }), recordBatch()];
      for (const batch of batches) await append(batch);
      const [found] = await fetchAll([{ fetchOffset: 3 }], {}, version);
      expect(found).toMatchObject({ errorCode: 0, highWatermark: 6, lastStableOffset: 6 });
      expect(found.records.length).toBe(2 * 71);
      expect(found.records.readBigInt64BE(0)).toBe(2n);
    },
  );

  it("gives empty records, not null, where there are no more", async () => {
    const { fetchAll } = await withTopic();
    expect(await fetchAll([{}])).toMatchObject([{ errorCode: 0, records: Buffer.alloc(0) }]);
  });

  it("judges each partition for itself", async () => {
    const { append, call, request, topic } = await withTopic();
    await append(recordBatch());
    const partitions = [
      wanted(),
      wanted({ partition: 9 }),
      wanted({ fetchOffset: 2 }),
      wanted({ fetchOffset: -1 }),
    ];
    const topics = [
      { topic: "", topicId: topic.id, partitions },
      { topic: "", topicId: UNKNOWN_ID, partitions: [wanted()] },
    ];
    const { responses } = await call(fetch, { ...request([]), topics } as never);
    expect(responses[0].partitions.map(({ errorCode }: Answered) => errorCode)).toEqual([0, 3, 1, 1]);
    expect(responses[1].partitions[0].errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
    const named = await call(fetch, { ...request([]), topics: [{ ...topics[1], topic: "u" }] } as never, 12);
    expect(named.responses[0].partitions[0].errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });

  it("gives the first batch whatever its size, and no second that is over the limit", async () => {
    const { append, fetchAll } = await withTopic();
    await append(recordBatch({ bytes: 5_000 }));
    await append(recordBatch());
    await append(recordBatch(), 1);
    const both = [{ partitionMaxBytes: 10 }, { partition: 1, partitionMaxBytes: 10 }];
    expect((await fetchAll(both)).map(({ records }: Answered) => records.length)).toEqual([5_061, 0]);
    expect(
      (await fetchAll([{}, { partition: 1 }], { maxBytes: 5_100 })).map(
        ({ records }: Answered) => records.length,
      ),
    ).toEqual([5_061, 0]);
    expect(
      (await fetchAll([{ fetchOffset: 2 }, { partition: 1 }], { maxBytes: 1 })).map(
        ({ records }: Answered) => records.length,
      ),
    ).toEqual([0, 71]);
  });

  it("waits until there is enough", async () => {
    const { append, connect, request, waiting } = await withTopic();
    const client = await connect();
    client.socket.write(encodeRequest(fetch, 12, request([{}], { maxWaitMs: 10_000, minBytes: 100 })));
    await vi.waitFor(() => expect(waiting()).toBe(1));
    await append(recordBatch());
    await append(recordBatch(), 1);
    expect(client.answers).toEqual([]);
    await append(recordBatch());
    const [answer] = await client.until(1);
    expect(answer?.rest.length).toBeGreaterThan(142);
    expect(waiting()).toBe(0);
  });

  it("answers with what there is when the time is over", async () => {
    const { fetchAll, append, waiting } = await withTopic();
    await append(recordBatch());
    const started = performance.now();
    const [found] = await fetchAll([{}], { maxWaitMs: 100, minBytes: 1_000 });
    expect(performance.now() - started).toBeGreaterThan(95);
    expect(found.records.length).toBe(71);
    expect(waiting()).toBe(0);
  });

  it("does not wait where a partition has an error to tell, or nothing is asked to be waited for", async () => {
    const { fetchAll } = await withTopic();
    const started = performance.now();
    await fetchAll([{}, { partition: 9 }], { maxWaitMs: 5_000 });
    await fetchAll([{}], { maxWaitMs: 5_000, minBytes: 0 });
    await fetchAll([{}], { maxWaitMs: 0 });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it("forgets what waits when its client is gone", async () => {
    const { connect, request, waiting } = await withTopic();
    const client = await connect();
    client.socket.write(encodeRequest(fetch, 12, request([{}], { maxWaitMs: 60_000 })));
    await vi.waitFor(() => expect(waiting()).toBe(1));
    client.socket.destroy();
    await vi.waitFor(() => expect(waiting()).toBe(0));
  });

  it("begins no sessions, and knows none", async () => {
    const { call, request } = await withTopic();
    expect(await call(fetch, request([{}], { sessionId: 0, sessionEpoch: 0 }) as never)).toMatchObject({
      errorCode: 0,
      sessionId: 0,
    });
    expect(await call(fetch, request([{}], { sessionId: 5, sessionEpoch: 1 }) as never)).toMatchObject({
      errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
      responses: [],
    });
  });

  it("fences clients whose epoch is not the leader's, and shows where logs part", async () => {
    const { append, fetchAll, logs } = await withTopic();
    const log = logs.partitions.get("t-0");
    if (log === undefined) throw new Error("no log");
    await append(recordBatch());
    log.leaderEpoch = 3;
    const codes = async (epoch: number) => (await fetchAll([{ currentLeaderEpoch: epoch }]))[0].errorCode;
    expect([await codes(2), await codes(3), await codes(4), await codes(-1)]).toEqual([74, 0, 75, 0]);
    const [parted] = await fetchAll([{ lastFetchedEpoch: 9, fetchOffset: 1 }]);
    expect(parted).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: 3, endOffset: 1 } });
    expect((await fetchAll([{ lastFetchedEpoch: 3, fetchOffset: 1 }]))[0].divergingEpoch).toBeNull();
  });

  it("gives nothing to those who may not read", async () => {
    const { append, fetchAll } = await withTopic(allBut("read topic t"));
    await append(recordBatch());
    expect(await fetchAll([{}])).toMatchObject([
      { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, records: Buffer.alloc(0) },
    ]);
  });
});
