import { CODECS } from "../../../../core/kafka/compression.ts";
import type { TopicConfig } from "../meta/topic-config.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import {
  Attribute,
  attributes,
  baseOffset,
  baseSequence,
  batchSize,
  codec,
  HEADER_SIZE,
  hasValidCrc,
  lastOffsetDelta,
  MAGIC,
  magic,
  producerId,
  recordCount,
} from "./batch.ts";
import { readRecords } from "./records.ts";

/** What a topic's configuration says of the batches that it takes. */
export type BatchRules = Pick<
  TopicConfig,
  | "maxMessageBytes"
  | "segmentBytes"
  | "compacts"
  | "logAppendTime"
  | "timestampBeforeMaxMs"
  | "timestampAfterMaxMs"
>;

const corrupt = (what: string) => new KafkaError(ErrorCode.CORRUPT_MESSAGE, what);
const invalid = (what: string) => new KafkaError(ErrorCode.INVALID_RECORD, what);
const untimely = (what: string) => new KafkaError(ErrorCode.INVALID_TIMESTAMP, what);

/**
 * Checks what a producer sent for one partition: exactly one whole batch, by the rules of Apache Kafka and in their order.
 * Records are looked at only where the topic asks something of them.
 * @param now milliseconds since 1970
 * @throws KafkaError with the number for the client.
 */
export function validateBatch(batch: Buffer, rules: BatchRules, now: number): void {
  if (batch.length < HEADER_SIZE) throw invalid("the record batch is shorter than its header");
  const size = batchSize(batch);
  if (size < HEADER_SIZE) throw corrupt("the record batch says that it is shorter than its header");
  if (size > batch.length) throw invalid("the record batch is cut short");
  if (size < batch.length) throw invalid("more than one record batch for one partition");
  const format = magic(batch) ?? MAGIC;
  if (format > MAGIC) throw corrupt(`there is no message format ${format}`);
  if (format < MAGIC) throw invalid(`message format ${format} is not served, only ${MAGIC}`);
  if (size > rules.maxMessageBytes) {
    throw new KafkaError(
      ErrorCode.MESSAGE_TOO_LARGE,
      `the batch has ${size} bytes, of ${rules.maxMessageBytes}`,
    );
  }
  if (size > rules.segmentBytes) {
    throw new KafkaError(ErrorCode.RECORD_LIST_TOO_LARGE, "the batch is larger than a segment");
  }
  if (!hasValidCrc(batch)) throw corrupt("the checksum of the record batch does not hold");
  checkHeader(batch);
  if (rules.compacts || (!rules.logAppendTime && hasTimeLimits(rules))) checkRecords(batch, rules, now);
}

function checkHeader(batch: Buffer): void {
  const count = recordCount(batch);
  if (count <= 0 || count !== lastOffsetDelta(batch) + 1) throw invalid("the record count is wrong");
  const flags = attributes(batch);
  if ((flags & Attribute.CONTROL) !== 0) throw invalid("a client may not write control records");
  if ((flags & Attribute.DELETE_HORIZON) !== 0) throw invalid("a client may not set a delete horizon");
  if ((flags & Attribute.TRANSACTIONAL) !== 0) {
    throw new KafkaError(
      ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
      "there are no transactions on this broker",
    );
  }
  if (producerId(batch) >= 0 && baseSequence(batch) < 0) throw invalid("the producer's sequence is missing");
  if (CODECS[codec(batch)] === undefined) {
    throw new KafkaError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, `codec ${codec(batch)} is unknown`);
  }
  if ((flags & Attribute.LOG_APPEND_TIME) !== 0) {
    throw untimely("the broker decides which records have the time of their append");
  }
}

const hasTimeLimits = ({ timestampBeforeMaxMs, timestampAfterMaxMs }: BatchRules) =>
  timestampBeforeMaxMs !== Number.POSITIVE_INFINITY || timestampAfterMaxMs !== Number.POSITIVE_INFINITY;

/** Also sees to it that what is to be compacted can be read. */
function checkRecords(batch: Buffer, rules: BatchRules, now: number): void {
  try {
    let expected = baseOffset(batch);
    for (const { offset, key, timestamp } of readRecords(batch)) {
      if (offset !== expected++) throw invalid("the records are not numbered one by one");
      if (rules.compacts && key === null) throw invalid("a record of a compacted topic needs a key");
      if (rules.logAppendTime || timestamp === NO_TIMESTAMP) continue;
      if (now - timestamp > rules.timestampBeforeMaxMs || timestamp - now > rules.timestampAfterMaxMs) {
        throw untimely(`the timestamp ${timestamp} is further from the broker's time than the topic allows`);
      }
    }
  } catch (error) {
    if (error instanceof RangeError) throw invalid(error.message);
    throw error;
  }
}

/** What producers send that have none. */
const NO_TIMESTAMP = -1;
