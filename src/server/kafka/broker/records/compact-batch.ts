import { Attribute, type BatchHeader, batchSize, readHeader } from "./batch.ts";
import { type LogRecord, rewriteBatch, tryReadRecords } from "./records.ts";

/** By what records stay when a log is compacted. Times in milliseconds. */
export interface CompactionRules {
  /** Where a key was seen last; -1 where it was not seen in what is new. */
  latest(key: Buffer): number;
  now: number;
  /** How long tombstones stay after they were met first. Infinity keeps them. */
  deleteRetentionMs: number;
}

/** Times beyond are taken for never: distances to them would not be exact. */
const LATEST_TIME = 2 ** 51;

/**
 * What stays of the whole batch at byte `at`, as Apache Kafka does it: of each key the latest record, and tombstones for their
 * time. The first pass that meets a tombstone writes into its batch until when that is. Offsets stay, and so does all that is
 * known of the producer.
 * @param keepsEmpty whether a batch without records is to stay
 * @returns the bytes as they are where nothing changes or the records cannot be read, undefined where nothing stays
 */
export function compactBatch(
  bytes: Buffer,
  at: number,
  rules: CompactionRules,
  keepsEmpty: boolean,
): Buffer | undefined {
  const header = readHeader(bytes, at);
  const horizon =
    header.attributes & Attribute.DELETE_HORIZON ? header.baseTimestamp : Number.POSITIVE_INFINITY;
  const whole = bytes.subarray(at, at + batchSize(bytes, at));
  const records = tryReadRecords(bytes, at);
  if (records === undefined) return whole;
  const kept = records.filter(
    ({ key, value, offset }) =>
      key !== null && offset >= rules.latest(key) && (value !== null || rules.now < horizon),
  );
  const rewritten = withHorizon(header, kept, rules);
  if (kept.length === 0 && !keepsEmpty) return undefined;
  if (kept.length === header.count && rewritten === header) return whole;
  if (kept.length === 0) return rewriteBatch(header, kept);
  const maxTimestamp = kept.reduce((most, { timestamp }) => Math.max(most, timestamp), -1);
  return rewriteBatch({ ...rewritten, maxTimestamp }, kept);
}

/** The header, with the end of the tombstones' time if there are any and it is not there yet. */
function withHorizon(
  header: BatchHeader,
  records: readonly LogRecord[],
  { now, deleteRetentionMs }: CompactionRules,
): BatchHeader {
  const isSet = (header.attributes & Attribute.DELETE_HORIZON) !== 0;
  const end = now + deleteRetentionMs;
  if (isSet || end > LATEST_TIME || records.every(({ value }) => value !== null)) return header;
  return { ...header, attributes: header.attributes | Attribute.DELETE_HORIZON, baseTimestamp: end };
}
