import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  assignLogAppendTime,
  assignOffset,
  baseOffset,
  hasValidCrc,
  isLogAppendTime,
  leaderEpoch,
  maxTimestamp,
} from "../../../../../src/server/kafka/broker/records/batch.ts";
import { crc32c } from "../../../../../src/server/kafka/broker/records/crc32c.ts";

/** A batch of one record whose bytes are `payload`. */
function makeBatch(payload: Uint8Array): Buffer {
  const batch = Buffer.alloc(61 + payload.length);
  batch.writeInt32BE(batch.length - 12, 8);
  batch[16] = 2;
  batch.writeBigInt64BE(-1n, 43);
  batch.writeInt32BE(-1, 53);
  batch.writeInt32BE(1, 57);
  batch.set(payload, 61);
  batch.writeUInt32BE(crc32c(batch, 21), 17);
  return batch;
}

describe("crc32c", () => {
  it("gives the check value of the standard", () => {
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
  });

  it("equals a bit-by-bit computation for any bytes and any start", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300, size: "max" }), fc.nat(20), (bytes, from) => {
        let crc = -1;
        for (const byte of bytes.subarray(from)) {
          crc ^= byte;
          for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
        }
        expect(crc32c(bytes, Math.min(from, bytes.length))).toBe((crc ^ -1) >>> 0);
      }),
    );
  });
});

describe("a record batch", () => {
  it("keeps its checksum when offset and epoch are assigned", () => {
    const batch = makeBatch(Buffer.from("x"));
    assignOffset(batch, 2 ** 40 + 7, 3);
    expect([baseOffset(batch), leaderEpoch(batch), hasValidCrc(batch)]).toEqual([2 ** 40 + 7, 3, true]);
  });

  it("gets a new checksum with the time of the append", () => {
    const batch = makeBatch(Buffer.from("x"));
    assignLogAppendTime(batch, 1_700_000_000_123);
    expect([isLogAppendTime(batch), maxTimestamp(batch), hasValidCrc(batch)]).toEqual([
      true,
      1_700_000_000_123,
      true,
    ]);
  });
});
