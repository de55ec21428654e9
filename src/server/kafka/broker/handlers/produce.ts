import type { BrokerLog } from "../log-lines.ts";
import { ErrorCode, KafkaError, MalformedError } from "../protocol/errors.ts";
import { produce } from "../protocol/messages/produce.ts";
import { type RequestContext, type Route, route } from "../protocol/registry.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import { codec, HEADER_SIZE } from "../records/batch.ts";
import type { Authorizer, Quotas } from "../security.ts";
import type { Topics } from "../topics.ts";

export interface ProduceSurroundings {
  readonly topics: Topics;
  readonly authorizer: Authorizer;
  readonly quotas: Quotas;
  readonly log: BrokerLog;
}

type TopicData = RequestOf<typeof produce>["topicData"][number];
type PartitionData = TopicData["partitionData"][number];
type PartitionResponse = ResponseOf<typeof produce>["responses"][number]["partitionResponses"][number];

const ZSTD = 4;
/** First version whose clients read zstd. */
const ZSTD_SINCE = 7;

/**
 * Appends what producers send. Partitions succeed and fail independently; the appends are begun in the order of arrival,
 * before anything is waited for, so that requests may follow one another without an answer between them.
 */
export const produceRoute = (around: ProduceSurroundings): Route =>
  route(
    produce,
    async (request, context) => {
      const sizes = { received: 0 };
      const pending = request.topicData.map(({ name, partitionData }) => ({
        name,
        partitions: partitionData.map((data) => {
          sizes.received += data.records?.length ?? 0;
          return appendTo(around, request, context, name, data);
        }),
      }));
      const responses = await Promise.all(
        pending.map(async ({ name, partitions }) => ({
          name,
          partitionResponses: await Promise.all(partitions),
        })),
      );
      const throttleTimeMs = around.quotas.record(
        "produce",
        context.principal,
        context.clientId,
        sizes.received,
      );
      context.connection.throttle(throttleTimeMs);
      if (request.acks !== 0) return { responses, throttleTimeMs };
      // Nobody reads an answer, so a lost connection is the only way to say that something was refused.
      const refused = responses.some(({ partitionResponses }) =>
        partitionResponses.some(({ errorCode }) => errorCode !== ErrorCode.NONE),
      );
      if (refused) throw new MalformedError("a record batch without acknowledgement was refused");
      return null;
    },
    // librdkafka before 2.11.1 compresses nothing unless version 0 is on offer; no client sends it (KAFKA-18659).
    { advertiseFrom: 0, pipelined: true },
  );

function refusal(index: number, errorCode: ErrorCode, errorMessage: string | null = null): PartitionResponse {
  return { index, errorCode, baseOffset: -1, errorMessage };
}

async function appendTo(
  { topics, authorizer, log }: ProduceSurroundings,
  { acks, transactionalId }: RequestOf<typeof produce>,
  { apiVersion, principal }: RequestContext,
  name: string,
  { index, records }: PartitionData,
): Promise<PartitionResponse> {
  if (acks < -1 || acks > 1) return refusal(index, ErrorCode.INVALID_REQUIRED_ACKS);
  if (!authorizer.authorize(principal, "write", { type: "topic", name })) {
    return refusal(index, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  }
  if (transactionalId !== null) return refusal(index, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  const partition = topics.byName(name)?.partitions[index];
  if (partition === undefined) return refusal(index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const batch = records ?? Buffer.alloc(0);
  if (apiVersion < ZSTD_SINCE && batch.length >= HEADER_SIZE && codec(batch) === ZSTD) {
    return refusal(index, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
  }
  try {
    const { baseOffset, logStartOffset, logAppendTime } = await partition.append(batch, { acks });
    return { index, errorCode: ErrorCode.NONE, baseOffset, logStartOffset, logAppendTimeMs: logAppendTime };
  } catch (error) {
    if (error instanceof KafkaError) return refusal(index, error.code, error.message);
    log.error({ topic: name, partition: index, err: error }, "an append failed");
    return refusal(index, ErrorCode.KAFKA_STORAGE_ERROR);
  }
}
