import type { BrokerLog } from "../log-lines.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import { listOffsets } from "../protocol/messages/list-offsets.ts";
import { type Route, route } from "../protocol/registry.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import type { Authorizer } from "../security.ts";
import type { OffsetAtTime, Partition, Topics } from "../topics.ts";
import { epochError } from "./fetch-plan.ts";

export interface ListOffsetsSurroundings {
  readonly topics: Topics;
  readonly authorizer: Authorizer;
  readonly log: BrokerLog;
}

type Asked = RequestOf<typeof listOffsets>["topics"][number]["partitions"][number];
type Found = ResponseOf<typeof listOffsets>["topics"][number]["partitions"][number];

/** Timestamps that stand for something else, with the first version that knows them. */
const LATEST = -1;
const EARLIEST = -2;
const NEWEST_TIMESTAMP = { value: -3, since: 7 };
const EARLIEST_LOCAL = { value: -4, since: 8 };
const LATEST_TIERED = { value: -5, since: 9 };

/** Finds offsets by time. */
export const listOffsetsRoute = (around: ListOffsetsSurroundings): Route =>
  route(listOffsets, async ({ topics }, { apiVersion, principal }) => ({
    topics: await Promise.all(
      topics.map(async ({ name, partitions }) => {
        const readable = around.authorizer.authorize(principal, "describe", { type: "topic", name });
        const topic = around.topics.byName(name);
        return {
          name,
          partitions: await Promise.all(
            partitions.map((asked) => {
              if (!readable) return refusal(asked, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
              const partition = topic?.partitions[asked.partitionIndex];
              if (partition === undefined) return refusal(asked, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
              return lookUp(partition, asked, apiVersion, around.log);
            }),
          ),
        };
      }),
    ),
  }));

const refusal = ({ partitionIndex }: Asked, errorCode: ErrorCode): Found => ({ partitionIndex, errorCode });

async function lookUp(
  partition: Partition,
  asked: Asked,
  apiVersion: number,
  log: BrokerLog,
): Promise<Found> {
  const { partitionIndex, currentLeaderEpoch, timestamp } = asked;
  const fenced = epochError(partition, currentLeaderEpoch);
  if (fenced !== ErrorCode.NONE) return refusal(asked, fenced);
  const at = (offset: number, time = -1): Found => ({
    partitionIndex,
    errorCode: ErrorCode.NONE,
    offset,
    timestamp: time,
    leaderEpoch: offset === partition.logEnd ? partition.leaderEpoch : partition.epochAt(offset),
  });
  const found = (result: OffsetAtTime | undefined) =>
    result === undefined ? at(-1) : at(result.offset, result.timestamp);
  try {
    if (timestamp === LATEST) return at(partition.logEnd);
    if (timestamp === EARLIEST) return at(partition.logStart);
    if (timestamp >= 0) return found(await partition.offsetForTime(timestamp));
    if (isAsked(NEWEST_TIMESTAMP)) return found(await partition.offsetOfNewest());
    if (isAsked(EARLIEST_LOCAL)) return at(partition.logStart);
    if (isAsked(LATEST_TIERED)) return at(-1);
    return refusal(asked, ErrorCode.UNSUPPORTED_VERSION);
  } catch (error) {
    if (error instanceof KafkaError) return refusal(asked, error.code);
    log.error({ partition: partitionIndex, err: error }, "a look-up by time failed");
    return refusal(asked, ErrorCode.KAFKA_STORAGE_ERROR);
  }

  function isAsked({ value, since }: { value: number; since: number }): boolean {
    return timestamp === value && apiVersion >= since;
  }
}
