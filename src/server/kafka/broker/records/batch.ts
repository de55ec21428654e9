import { crc32c } from "./crc32c.ts";

/** Bytes before those that a batch's length counts: base offset and the length itself. */
export const LENGTH_END = 12;
/** The shortest batch: a header without records. */
export const HEADER_SIZE = 61;
export const MAGIC = 2;

/** Where the fields of a record batch (magic 2) stand; all big-endian. */
const AT = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
} as const;

/** Bits of a batch's attributes. */
export const Attribute = {
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  CODEC: 0b111,
  /** All records have the time in `maxTimestamp`. */
  LOG_APPEND_TIME: 1 << 3,
  TRANSACTIONAL: 1 << 4,
  CONTROL: 1 << 5,
  /** The base timestamp says until when the batch's tombstones are kept. */
  DELETE_HORIZON: 1 << 6,
} as const;

/** An int64 that is exact up to 2^53, which offsets, times and producer ids never pass. */
function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

function writeInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeInt32BE(Math.floor(value / 2 ** 32), at);
  bytes.writeUInt32BE(value >>> 0, at + 4);
}

/** Fields of the batch that begins at byte `at` of `bytes`, whose first 61 bytes must be there. */
export const batchSize = (bytes: Buffer, at = 0) => LENGTH_END + bytes.readInt32BE(at + AT.length);
export const baseOffset = (bytes: Buffer, at = 0) => readInt64(bytes, at + AT.baseOffset);
/** The offset after the last record of the batch. */
export const nextOffset = (bytes: Buffer, at = 0) => baseOffset(bytes, at) + lastOffsetDelta(bytes, at) + 1;
export const magic = (bytes: Buffer, at = 0) => bytes[at + AT.magic];
export const leaderEpoch = (bytes: Buffer, at = 0) => bytes.readInt32BE(at + AT.leaderEpoch);
/** Of the last record, counted from the base offset; greater than the count says where records were compacted away. */
export const lastOffsetDelta = (bytes: Buffer, at = 0) => bytes.readInt32BE(at + AT.lastOffsetDelta);
/** See `Attribute`. */
export const attributes = (bytes: Buffer, at = 0) => bytes.readInt16BE(at + AT.attributes);
export const codec = (bytes: Buffer, at = 0) => attributes(bytes, at) & Attribute.CODEC;
export const isLogAppendTime = (bytes: Buffer, at = 0) =>
  (attributes(bytes, at) & Attribute.LOG_APPEND_TIME) !== 0;
/** Milliseconds; the newest of its records. */
export const maxTimestamp = (bytes: Buffer, at = 0) => readInt64(bytes, at + AT.maxTimestamp);
/** -1 = the producer is not idempotent. */
export const producerId = (bytes: Buffer, at = 0) => readInt64(bytes, at + AT.producerId);
export const producerEpoch = (bytes: Buffer, at = 0) => bytes.readInt16BE(at + AT.producerEpoch);
export const baseSequence = (bytes: Buffer, at = 0) => bytes.readInt32BE(at + AT.baseSequence);
export const recordCount = (bytes: Buffer, at = 0) => bytes.readInt32BE(at + AT.count);

/** True when the checksum holds; the whole batch must be in `bytes`. */
export const hasValidCrc = (bytes: Buffer, at = 0) =>
  crc32c(bytes, at + AT.attributes, at + batchSize(bytes, at)) === bytes.readUInt32BE(at + AT.crc);

/** Sets what the broker decides. Both fields lie outside the checksum, so the rest stays as received. */
export function assignOffset(batch: Buffer, offset: number, epoch: number): void {
  writeInt64(batch, offset, AT.baseOffset);
  batch.writeInt32BE(epoch, AT.leaderEpoch);
}

/** Gives every record the time of the append, as `message.timestamp.type=LogAppendTime` asks; the checksum is made anew. */
export function assignLogAppendTime(batch: Buffer, time: number): void {
  batch.writeInt16BE(attributes(batch) | Attribute.LOG_APPEND_TIME, AT.attributes);
  writeInt64(batch, time, AT.maxTimestamp);
  batch.writeUInt32BE(crc32c(batch, AT.attributes), AT.crc);
}

/** The fields of a header, of those that are not made from the rest. */
export interface BatchHeader {
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  /** See `Attribute`. */
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  /** -1 for none, as the epoch and the sequence. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
}

export function readHeader(bytes: Buffer, at = 0): BatchHeader {
  return {
    baseOffset: baseOffset(bytes, at),
    leaderEpoch: leaderEpoch(bytes, at),
    attributes: attributes(bytes, at),
    lastOffsetDelta: lastOffsetDelta(bytes, at),
    baseTimestamp: readInt64(bytes, at + AT.baseTimestamp),
    maxTimestamp: maxTimestamp(bytes, at),
    producerId: producerId(bytes, at),
    producerEpoch: producerEpoch(bytes, at),
    baseSequence: baseSequence(bytes, at),
    count: recordCount(bytes, at),
  };
}

/** A batch of that header and of records that are encoded, and compressed as its attributes say. */
export function makeBatch(header: BatchHeader, records: Buffer): Buffer {
  const batch = Buffer.allocUnsafe(HEADER_SIZE + records.length);
  writeInt64(batch, header.baseOffset, AT.baseOffset);
  batch.writeInt32BE(batch.length - LENGTH_END, AT.length);
  batch.writeInt32BE(header.leaderEpoch, AT.leaderEpoch);
  batch.writeInt8(MAGIC, AT.magic);
  batch.writeInt16BE(header.attributes, AT.attributes);
  batch.writeInt32BE(header.lastOffsetDelta, AT.lastOffsetDelta);
  writeInt64(batch, header.baseTimestamp, AT.baseTimestamp);
  writeInt64(batch, header.maxTimestamp, AT.maxTimestamp);
  writeInt64(batch, header.producerId, AT.producerId);
  batch.writeInt16BE(header.producerEpoch, AT.producerEpoch);
  batch.writeInt32BE(header.baseSequence, AT.baseSequence);
  batch.writeInt32BE(header.count, AT.count);
  batch.set(records, HEADER_SIZE);
  batch.writeUInt32BE(crc32c(batch, AT.attributes), AT.crc);
  return batch;
}
