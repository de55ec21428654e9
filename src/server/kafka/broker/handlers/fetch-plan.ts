import { ErrorCode } from "../protocol/errors.ts";
import type { fetch } from "../protocol/messages/fetch.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import type { Authorizer, Principal } from "../security.ts";
import type { Partition, Topic, Topics } from "../topics.ts";

export type FetchRequest = RequestOf<typeof fetch>;
export type FetchPartition = FetchRequest["topics"][number]["partitions"][number];
export type PartitionResult = ResponseOf<typeof fetch>["responses"][number]["partitions"][number];

const NO_RECORDS = Buffer.alloc(0);

/** First version that names topics by their id. */
const BY_ID_SINCE = 13;

/** One partition of a fetch: what was asked for, and the log or the reason why there is none to read. */
export interface PlannedPartition {
  readonly asked: FetchPartition;
  readonly partition: Partition | undefined;
  readonly errorCode: ErrorCode;
}

export interface PlannedTopic {
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: readonly PlannedPartition[];
}

/** Finds the logs that a fetch is about, in its order. */
export function planFetch(
  request: FetchRequest,
  apiVersion: number,
  principal: Principal,
  { topics, authorizer }: { topics: Topics; authorizer: Authorizer },
): PlannedTopic[] {
  const byId = apiVersion >= BY_ID_SINCE;
  return request.topics.map(({ topic: name, topicId, partitions }) => {
    const found = byId ? topics.byId(topicId) : topics.byName(name);
    const unknown = byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    const readable = authorizer.authorize(principal, "read", { type: "topic", name: found?.name ?? name });
    // A name that one may not read and one that nobody has look alike; an id tells nothing, so it is simply unknown.
    const refused =
      readable || (byId && found === undefined) ? unknown : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    return {
      topic: name,
      topicId,
      partitions: partitions.map((asked) => planPartition(readable ? found : undefined, asked, refused)),
    };
  });
}

function planPartition(
  found: Topic | undefined,
  asked: FetchPartition,
  refused: ErrorCode,
): PlannedPartition {
  if (found === undefined) return { asked, partition: undefined, errorCode: refused };
  const partition = found.partitions[asked.partition];
  if (partition === undefined) {
    return { asked, partition, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
  }
  return { asked, partition, errorCode: epochError(partition, asked.currentLeaderEpoch) };
}

/** What to answer a client whose idea of the leader is older or newer than the log; -1 = it has none. */
export function epochError({ leaderEpoch }: Partition, clientEpoch: number): ErrorCode {
  if (clientEpoch < 0 || clientEpoch === leaderEpoch) return ErrorCode.NONE;
  return clientEpoch < leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
}

/** Where the client's log and ours part, since version 12; null where they agree. */
export function divergence(partition: Partition, { lastFetchedEpoch, fetchOffset }: FetchPartition) {
  if (lastFetchedEpoch < 0) return null;
  const end = partition.endOffsetOfEpoch(lastFetchedEpoch);
  if (end.epoch < 0) return null;
  return end.epoch < lastFetchedEpoch || end.endOffset < fetchOffset ? end : null;
}

export const isOutOfRange = ({ logStart, logEnd }: Partition, offset: number): boolean =>
  offset < logStart || offset > logEnd;

/** An answer without records. */
export function emptyResult(index: number, errorCode: ErrorCode, partition?: Partition): PartitionResult {
  return {
    partitionIndex: index,
    errorCode,
    highWatermark: partition?.logEnd ?? -1,
    lastStableOffset: partition?.logEnd ?? -1,
    logStartOffset: partition?.logStart ?? -1,
    records: NO_RECORDS,
  };
}
