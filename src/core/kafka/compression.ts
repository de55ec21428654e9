import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { decodeLz4, encodeLz4 } from "./lz4.ts";
import { decodeSnappy, encodeSnappy } from "./snappy.ts";

/** The codecs of record batches, each at the number that the protocol has for it. */
export const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
export type Codec = (typeof CODECS)[number];

/** Levels above cost more time than they save on batches of some kilobytes. */
const ZSTD_LEVEL = 1;

const ENCODERS: Readonly<Record<Codec, (bytes: Buffer) => Buffer>> = {
  none: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  snappy: encodeSnappy,
  lz4: encodeLz4,
  zstd: (bytes) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } }),
};

const DECODERS: Readonly<Record<Codec, (bytes: Buffer, limit: number) => Buffer>> = {
  none: (bytes) => bytes,
  gzip: (bytes, limit) => gunzipSync(bytes, { maxOutputLength: limit }),
  snappy: decodeSnappy,
  lz4: decodeLz4,
  zstd: (bytes, limit) => zstdDecompressSync(bytes, { maxOutputLength: limit }),
};

/** Compresses the records of a batch. */
export const compress = (codec: Codec, bytes: Buffer): Buffer => ENCODERS[codec](bytes);

/**
 * The records of a batch without their compression.
 * @param limit most bytes of the result
 * @throws RangeError for bytes that the codec cannot have made, and for a result of more than `limit` bytes
 */
export function decompress(codec: Codec, bytes: Buffer, limit: number): Buffer {
  try {
    const result = DECODERS[codec](bytes, limit);
    if (result.length <= limit) return result;
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new RangeError(`the ${codec} data is corrupt`, { cause: error });
  }
  throw new RangeError(`the data has more than ${limit} bytes`);
}
