import { CODECS, type Codec, compress, decompress } from "../../../../core/kafka/compression.ts";
import { Attribute, type BatchHeader, batchSize, HEADER_SIZE, makeBatch, readHeader } from "./batch.ts";
import { type Cursor, readVarint, varintSize, writeVarint } from "./varint.ts";

/**
 * The most that the records of one batch may take without their compression, in bytes. A batch of a mebibyte that has more
 * is there to do harm.
 */
const MAX_RECORDS_BYTES = 64 << 20;

export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** What a record says, without its place. */
export interface RecordData {
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  /** Null deletes the key from a compacted topic. */
  readonly value: Buffer | null;
  readonly headers?: readonly RecordHeader[];
}

/** A record of a batch. Its buffers are slices of the batch, or of what it was decompressed to. */
export class LogRecord implements Required<RecordData> {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** All of the record after its timestamp, which `rewriteBatch` leaves as it is. */
  readonly tail: Buffer;
  readonly #headersAt: number;

  /** @throws RangeError for bytes that are no record */
  constructor(body: Buffer, header: BatchHeader) {
    // A byte of attributes comes first, which is not used.
    const cursor: Cursor = { at: 1 };
    const timestampDelta = readVarint(body, cursor);
    this.tail = body.subarray(cursor.at);
    this.offset = header.baseOffset + readVarint(body, cursor);
    this.key = readBytes(body, cursor);
    this.value = readBytes(body, cursor);
    this.timestamp =
      header.attributes & Attribute.LOG_APPEND_TIME
        ? header.maxTimestamp
        : header.baseTimestamp + timestampDelta;
    this.#headersAt = cursor.at - (body.length - this.tail.length);
  }

  get headers(): readonly RecordHeader[] {
    const cursor: Cursor = { at: this.#headersAt };
    const headers: RecordHeader[] = [];
    for (let left = readVarint(this.tail, cursor); left > 0; left--) {
      const key = readBytes(this.tail, cursor)?.toString() ?? "";
      headers.push({ key, value: readBytes(this.tail, cursor) });
    }
    return headers;
  }
}

/** The records of the whole batch at byte `at`, in the order of their offsets. @throws RangeError where they cannot be read */
export function* readRecords(bytes: Buffer, at = 0): Generator<LogRecord> {
  const header = readHeader(bytes, at);
  if (header.count === 0) return;
  const stored = bytes.subarray(at + HEADER_SIZE, at + batchSize(bytes, at));
  const records = decompress(codecOf(header), stored, MAX_RECORDS_BYTES);
  const cursor: Cursor = { at: 0 };
  for (let left = header.count; left > 0; left--) {
    const body = readBytes(records, cursor);
    if (body === null) throw new RangeError("a record without a length");
    yield new LogRecord(body, header);
  }
  if (cursor.at !== records.length) throw new RangeError("more records than the batch counts");
}

/** All records of the whole batch at byte `at`; undefined where they cannot be read. */
export function tryReadRecords(bytes: Buffer, at: number): LogRecord[] | undefined {
  try {
    return [...readRecords(bytes, at)];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export interface BatchOptions {
  readonly codec?: Codec;
  readonly producer?: Pick<BatchHeader, "producerId" | "producerEpoch" | "baseSequence">;
}

/** A batch as a producer sends it; the broker assigns its offset. @param records one at least */
export function buildBatch(records: readonly RecordData[], options: BatchOptions = {}): Buffer {
  const { codec: name = "none", producer = NO_PRODUCER } = options;
  const baseTimestamp = records[0]?.timestamp ?? 0;
  const encoded = records.map(({ timestamp, ...data }, offsetDelta) =>
    encodeRecord(timestamp - baseTimestamp, encodeTail(data, offsetDelta)),
  );
  const header = {
    baseOffset: 0,
    leaderEpoch: -1,
    attributes: CODECS.indexOf(name),
    lastOffsetDelta: records.length - 1,
    baseTimestamp,
    maxTimestamp: records.reduce((most, { timestamp }) => Math.max(most, timestamp), baseTimestamp),
    ...producer,
    count: records.length,
  };
  return makeBatch(header, compress(name, Buffer.concat(encoded)));
}

/** Instead of the batch that `header` was read from: one of some of its records, at the same offsets, with the same codec. */
export function rewriteBatch(header: BatchHeader, records: readonly LogRecord[]): Buffer {
  const encoded = records.map(({ timestamp, tail }) => encodeRecord(timestamp - header.baseTimestamp, tail));
  const stored = records.length === 0 ? Buffer.alloc(0) : compress(codecOf(header), Buffer.concat(encoded));
  return makeBatch({ ...header, count: records.length }, stored);
}

const NO_PRODUCER = { producerId: -1, producerEpoch: -1, baseSequence: -1 };

function codecOf({ attributes }: BatchHeader): Codec {
  const name = CODECS[attributes & Attribute.CODEC];
  if (name === undefined) throw new RangeError(`codec ${attributes & Attribute.CODEC} is unknown`);
  return name;
}

/** A length and that many bytes; a length of -1 stands for null. */
function readBytes(bytes: Buffer, cursor: Cursor): Buffer | null {
  const length = readVarint(bytes, cursor);
  if (length === -1) return null;
  const end = cursor.at + length;
  if (length < 0 || end > bytes.length) throw new RangeError("a record is cut short");
  const slice = bytes.subarray(cursor.at, end);
  cursor.at = end;
  return slice;
}

function encodeRecord(timestampDelta: number, tail: Buffer): Buffer {
  const length = 1 + varintSize(timestampDelta) + tail.length;
  const record = Buffer.allocUnsafe(varintSize(length) + length);
  let at = writeVarint(record, length, 0);
  record[at++] = 0;
  at = writeVarint(record, timestampDelta, at);
  record.set(tail, at);
  return record;
}

function encodeTail(
  { key, value, headers = [] }: Omit<RecordData, "timestamp">,
  offsetDelta: number,
): Buffer {
  return Buffer.concat([
    varint(offsetDelta),
    ...sized(key),
    ...sized(value),
    varint(headers.length),
    ...headers.flatMap((header) => [...sized(Buffer.from(header.key)), ...sized(header.value)]),
  ]);
}

const sized = (bytes: Buffer | null) => (bytes === null ? [varint(-1)] : [varint(bytes.length), bytes]);

function varint(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(varintSize(value));
  writeVarint(bytes, value, 0);
  return bytes;
}
