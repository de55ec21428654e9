import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeLz4 } from "../../../../../src/server/kafka/broker/records/codecs/lz4.ts";
import { describeWith } from "../../../../helpers/debian-programs.ts";

const words = Buffer.from("a record of a plugin, again and again; ".repeat(9_000));

describe("LZ4 frames", () => {
  it("never give more bytes than allowed, whatever the input", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const frame = Buffer.concat([Buffer.from("04224d18604073", "hex"), bytes]);
        try {
          expect(decodeLz4(frame, 1000).length).toBeLessThanOrEqual(1000);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describeWith(["lz4"], "frames of the lz4 program", () => {
  it("are decoded, whatever its options", () => {
    for (const flags of ["-1", "-9", "-BD", "-B4", "--content-size"]) {
      for (const input of [words, Buffer.from("x"), Buffer.alloc(0)]) {
        const frame = execFileSync("lz4", ["-c", "-z", flags], { input });
        expect(decodeLz4(frame, words.length).equals(input)).toBe(true);
      }
    }
  });
});
