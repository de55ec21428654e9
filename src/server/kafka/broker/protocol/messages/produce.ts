import { api, array, int16, int32, int64, records, string, taggedStruct } from "../schema.ts";

export const produce = api({
  key: 0,
  name: "Produce",
  versions: [3, 11],
  flexible: 9,
  request: {
    transactionalId: string({ nullable: 0, default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array({
      name: string(),
      partitionData: array({
        index: int32(),
        records: records(),
      }),
    }),
  },
  response: {
    responses: array({
      name: string(),
      partitionResponses: array({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64({ default: -1 }),
        logStartOffset: int64({ since: 5, default: -1 }),
        recordErrors: array(
          {
            batchIndex: int32(),
            batchIndexErrorMessage: string({ nullable: 8, default: null }),
          },
          { since: 8 },
        ),
        errorMessage: string({ since: 8, nullable: 8, default: null }),
        currentLeader: taggedStruct(
          { since: 10, tag: 0 },
          {
            leaderId: int32({ default: -1 }),
            leaderEpoch: int32({ default: -1 }),
          },
        ),
      }),
    }),
    throttleTimeMs: int32({ default: 0 }),
    nodeEndpoints: array(
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: 10, default: null }),
      },
      { since: 10, tag: 0 },
    ),
  },
});
