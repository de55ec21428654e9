import type { Clock } from "../clock.ts";
import type { BrokerLog } from "../log-lines.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import { fetch } from "../protocol/messages/fetch.ts";
import { type Route, route } from "../protocol/registry.ts";
import type { Authorizer, Quotas } from "../security.ts";
import type { Topics } from "../topics.ts";
import {
  divergence,
  emptyResult,
  isOutOfRange,
  type PartitionResult,
  type PlannedPartition,
  planFetch,
} from "./fetch-plan.ts";
import { untilWorthAnswering } from "./fetch-wait.ts";

export interface FetchSurroundings {
  readonly topics: Topics;
  readonly authorizer: Authorizer;
  readonly quotas: Quotas;
  readonly clock: Clock;
  readonly log: BrokerLog;
}

/** Most bytes of records in one answer, whatever a client asks for (Apache Kafka's `fetch.max.bytes`). */
const MAX_BYTES = 57_671_680;

/** Bytes that an answer may still take. The first batch of all comes whatever its size, or consumers stall (KIP-74). */
interface Budget {
  left: number;
  used: number;
}

/**
 * Serves records as they were received, by whole batches. A request that finds too little waits for appends. Sessions
 * (KIP-227) are never begun: clients that get session id 0 send whole requests.
 */
export const fetchRoute = (around: FetchSurroundings): Route =>
  route(fetch, async (request, { apiVersion, principal, clientId, connection }) => {
    if (request.sessionId !== 0) {
      return { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, responses: [] };
    }
    const plan = planFetch(request, apiVersion, principal, around);
    await untilWorthAnswering(plan, {
      minBytes: request.minBytes,
      maxWait: request.maxWaitMs,
      signal: connection.signal,
      clock: around.clock,
    });
    const limit = Math.min(MAX_BYTES, around.quotas.fetchLimit(principal, clientId));
    const budget = { left: Math.min(Math.max(request.maxBytes, 0), limit), used: 0 };
    const responses = [];
    for (const { topic, topicId, partitions } of plan) {
      const results: PartitionResult[] = [];
      for (const planned of partitions) results.push(await readPartition(around, planned, budget));
      responses.push({ topic, topicId, partitions: results });
    }
    const throttleTimeMs = around.quotas.record("fetch", principal, clientId, budget.used);
    connection.throttle(throttleTimeMs);
    return { throttleTimeMs, errorCode: ErrorCode.NONE, responses };
  });

async function readPartition(
  { log }: FetchSurroundings,
  { partition, asked, errorCode }: PlannedPartition,
  budget: Budget,
): Promise<PartitionResult> {
  const { partition: index, fetchOffset, partitionMaxBytes } = asked;
  if (partition === undefined || errorCode !== ErrorCode.NONE) return emptyResult(index, errorCode);
  const divergingEpoch = divergence(partition, asked);
  if (divergingEpoch !== null) return { ...emptyResult(index, ErrorCode.NONE, partition), divergingEpoch };
  if (isOutOfRange(partition, fetchOffset)) return emptyResult(index, ErrorCode.OFFSET_OUT_OF_RANGE);
  const atLeastOne = budget.used === 0;
  const maxBytes = Math.min(partitionMaxBytes, budget.left);
  if (fetchOffset === partition.logEnd || (maxBytes <= 0 && !atLeastOne)) {
    return emptyResult(index, ErrorCode.NONE, partition);
  }
  try {
    const records = await partition.read(fetchOffset, { maxBytes: Math.max(maxBytes, 0), atLeastOne });
    const bytes = records.reduce((sum, { length }) => sum + length, 0);
    budget.used += bytes;
    budget.left -= bytes;
    return { ...emptyResult(index, ErrorCode.NONE, partition), records };
  } catch (error) {
    if (error instanceof KafkaError) return emptyResult(index, error.code, partition);
    log.error({ partition: index, offset: fetchOffset, err: error }, "a read failed");
    return emptyResult(index, ErrorCode.KAFKA_STORAGE_ERROR, partition);
  }
}
