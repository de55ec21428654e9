import { crc32c } from "../../src/server/kafka/broker/records/crc32c.ts";

export interface BatchOptions {
  /** Records that the header counts. */
  count?: number;
  /** Size of what follows the header. */
  bytes?: number;
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  codec?: number;
  /** Of all records, in milliseconds. */
  timestamp?: number;
  /** -1 where the producer is not idempotent. */
  producerId?: number;
  baseSequence?: number;
}

/** A batch whose header and checksum are right. Its records are zeros, which a broker never looks at. */
export function recordBatch({
  count = 1,
  bytes = 10,
  codec = 0,
  timestamp = 1_000,
  producerId = -1,
  baseSequence = -1,
}: BatchOptions = {}): Buffer {
  const batch = Buffer.alloc(61 + bytes);
  batch.writeInt32BE(batch.length - 12, 8);
  batch[16] = 2;
  batch.writeInt16BE(codec, 21);
  batch.writeInt32BE(count - 1, 23);
  batch.writeBigInt64BE(BigInt(timestamp), 27);
  batch.writeBigInt64BE(BigInt(timestamp), 35);
  batch.writeBigInt64BE(BigInt(producerId), 43);
  batch.writeInt32BE(baseSequence, 53);
  batch.writeInt32BE(count, 57);
  batch.writeUInt32BE(crc32c(batch, 21), 17);
  return batch;
}
