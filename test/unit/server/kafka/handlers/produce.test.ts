import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { listOffsets } from "../../../../../src/server/kafka/broker/protocol/messages/list-offsets.ts";
import { metadata } from "../../../../../src/server/kafka/broker/protocol/messages/metadata.ts";
import { produce } from "../../../../../src/server/kafka/broker/protocol/messages/produce.ts";
import { encodeRequest } from "../../../../helpers/kafka-messages.ts";
import { recordBatch } from "../../../../helpers/record-batch.ts";
import { allBut, startTestBroker, type TestBroker, versions } from "./broker.ts";

const request = (
  records: Buffer | null,
  { acks = 1, name = "t", transactionalId = null as string | null } = {},
) => ({
  transactionalId,
  acks,
  timeoutMs: 1_000,
  topicData: [{ name, partitionData: [{ index: 0, records }] }],
});

async function withTopic(options: Parameters<typeof startTestBroker>[0] = {}): Promise<TestBroker> {
  const test = await startTestBroker(options);
  await test.broker.topics.createOnUse("t");
  return test;
}

const logEnd = async ({ call }: TestBroker): Promise<number> => {
  const { topics } = await call(listOffsets, {
    replicaId: -1,
    topics: [{ name: "t", partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }] }],
  });
  return topics[0].partitions[0].offset;
};

describe("Produce", () => {
  it.each(versions(produce))("appends in version %i", async (version) => {
    const test = await withTopic();
    await test.call(produce, request(recordBatch({ count: 3 })), version);
    const { responses } = await test.call(produce, request(recordBatch(), { acks: -1 }), version);
    expect(responses).toMatchObject([
      { name: "t", partitionResponses: [{ index: 0, errorCode: 0, baseOffset: 3 }] },
    ]);
    expect(await logEnd(test)).toBe(4);
  });

  const refused: [string, ReturnType<typeof request>, number][] = [
    ["acks that there are not", request(recordBatch(), { acks: 2 }), ErrorCode.INVALID_REQUIRED_ACKS],
    ["a transaction", request(recordBatch(), { transactionalId: "x" }), 53],
    [
      "a topic that there is not",
      request(recordBatch(), { name: "u" }),
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ],
    ["no records", request(null), ErrorCode.INVALID_RECORD],
    ["a damaged batch", request(recordBatch().fill(1, 65, 66)), ErrorCode.CORRUPT_MESSAGE],
    ["two batches", request(Buffer.concat([recordBatch(), recordBatch()])), ErrorCode.INVALID_RECORD],
    ["a batch that is too large", request(recordBatch({ bytes: 1_048_600 })), ErrorCode.MESSAGE_TOO_LARGE],
  ];
  it.each(refused)("refuses %s", async (_, asked, errorCode) => {
    const test = await withTopic();
    const { responses } = await test.call(produce, asked);
    expect(responses[0].partitionResponses).toMatchObject([{ errorCode, baseOffset: -1 }]);
    expect(await logEnd(test)).toBe(0);
  });

  it("takes zstd from clients that read it, and from no others", async () => {
    const { call } = await withTopic();
    const zstd = () => request(recordBatch({ codec: 4 }));
    expect((await call(produce, zstd(), 6)).responses[0].partitionResponses[0].errorCode).toBe(76);
    expect((await call(produce, zstd(), 7)).responses[0].partitionResponses[0].errorCode).toBe(0);
  });

  it("judges each partition for itself", async () => {
    const { call } = await withTopic();
    const partitionData = [
      { index: 0, records: recordBatch() },
      { index: 7, records: recordBatch() },
    ];
    const asked = { ...request(null), topicData: [{ name: "t", partitionData }] };
    expect((await call(produce, asked)).responses[0].partitionResponses).toMatchObject([
      { index: 0, errorCode: 0, baseOffset: 0 },
      { index: 7, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
    ]);
  });

  it("does not answer where no acknowledgement is wanted, and closes if something was refused", async () => {
    const test = await withTopic();
    const client = await test.connect();
    client.socket.write(encodeRequest(produce, 9, request(recordBatch(), { acks: 0 }), { correlationId: 1 }));
    client.socket.write(encodeRequest(metadata, 12, { topics: [] }, { correlationId: 2 }));
    expect((await client.until(1)).map(({ correlationId }) => correlationId)).toEqual([2]);
    expect(await logEnd(test)).toBe(1);
    client.socket.write(encodeRequest(produce, 9, request(recordBatch(), { acks: 0, name: "u" })));
    await client.closed();
    expect(client.answers).toHaveLength(1);
  });

  it("takes nothing from those who may not write", async () => {
    const { call } = await withTopic(allBut("write topic t"));
    const { responses } = await call(produce, request(recordBatch()));
    expect(responses[0].partitionResponses[0].errorCode).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  });

  it("tells how long a client is throttled, by the bytes that it sent", async () => {
    const seen: unknown[] = [];
    const quotas = {
      fetchLimit: () => Number.POSITIVE_INFINITY,
      record: (kind: string, _: unknown, clientId: string | null, bytes: number) => {
        seen.push([kind, clientId, bytes]);
        return 25;
      },
    };
    const { call } = await withTopic({ quotas });
    expect(await call(produce, request(recordBatch({ bytes: 39 })))).toMatchObject({ throttleTimeMs: 25 });
    expect(seen).toEqual([["produce", "test", 100]]);
  });
});
