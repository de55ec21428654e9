import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeLz4 } from "../../../../../src/server/kafka/broker/records/codecs/lz4.ts";

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

  it.skipIf(!existsSync("/usr/bin/lz4"))("of the lz4 program are decoded (Debian package lz4)", () => {
    for (const flags of ["-1", "-9", "-BD", "-B4", "--content-size"]) {
      for (const input of [words, Buffer.from("x"), Buffer.alloc(0)]) {
        const frame = execFileSync("lz4", ["-c", "-z", flags], { input });
        expect(decodeLz4(frame, words.length).equals(input)).toBe(true);
      }
    }
  });
});
