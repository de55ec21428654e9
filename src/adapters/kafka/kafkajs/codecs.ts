import kafkajs from "kafkajs";
import { type Codec, compress, decompress } from "../../../core/kafka/compression.ts";

/** Of the records of one batch; many times what brokers accept. */
const MOST_BYTES = 256 * 1024 * 1024;

const NUMBERS = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

/** The protocol's number of a codec. */
export const codecNumber = (codec: Codec): number => (codec === "none" ? 0 : NUMBERS[codec]);

/** Gives kafkajs all codecs: it has gzip alone, and gives up a whole topic for one message with another. */
export function registerCodecs(): void {
  for (const [codec, number] of Object.entries(NUMBERS) as [keyof typeof NUMBERS, 1 | 2 | 3 | 4][]) {
    kafkajs.CompressionCodecs[number] = () => ({
      compress: async ({ buffer }: { buffer: Buffer }) => compress(codec, buffer),
      decompress: async (buffer: Buffer) => decompress(codec, buffer, MOST_BYTES),
    });
  }
}
