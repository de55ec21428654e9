import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CODECS, type Codec, compress, decompress } from "../../../../src/core/kafka/compression.ts";
import { describeWith } from "../../../helpers/debian-programs.ts";

const LIMIT = 1 << 20;
const words = Buffer.from("a record of a plugin, again and again; ".repeat(9_000));
const noise = Buffer.from(Array.from({ length: 150_000 }, (_, at) => Math.imul(at + 1, 0x9e3779b1) >>> 24));

/** Bytes with repetitions near and far, which make long and short matches, and none. */
const inputs = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 80 }), fc.nat(3_000)), { maxLength: 12 })
  .map((pieces) => Buffer.concat(pieces.flatMap(([piece, times]) => Array(1 + (times % 997)).fill(piece))));

const samples = [Buffer.alloc(0), Buffer.from("x"), Buffer.alloc(70_000), words, noise];

describe.each(CODECS)("%s", (codec) => {
  it("gives back what it was given", () => {
    for (const sample of samples) {
      expect(decompress(codec, compress(codec, sample), LIMIT).equals(sample)).toBe(true);
    }
    fc.assert(
      fc.property(inputs, (input) => decompress(codec, compress(codec, input), 1 << 23).equals(input)),
      { numRuns: 200 },
    );
  });

  it("gives no more bytes than are allowed, and says so", () => {
    const compressed = compress(codec, Buffer.alloc(1001));
    expect(() => decompress(codec, compressed, 1000)).toThrow(RangeError);
    expect(decompress(codec, compressed, 1001).length).toBe(1001);
  });

  it("refuses bytes that are damaged, cut short or of something else, or reads them within the limit", () => {
    const whole = compress(codec, words.subarray(0, 2000));
    const damaged = fc
      .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .chain((changes) => fc.tuple(fc.constant(changes), fc.nat(whole.length)))
      .map(([changes, length]) => {
        const bytes = Buffer.from(whole);
        for (const [at, byte] of changes) bytes[at] = byte;
        return length % 4 === 0 ? bytes.subarray(0, length) : bytes;
      });
    const random = fc
      .uint8Array({ maxLength: 200 })
      .map((bytes) => Buffer.concat([Buffer.from(PREFIXES[codec], "hex"), bytes]));
    fc.assert(
      fc.property(fc.oneof(damaged, random), (bytes) => {
        try {
          expect(decompress(codec, bytes, 10_000).length).toBeLessThanOrEqual(10_000);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

/** What random bytes are put after, to come past the first look. */
const PREFIXES: Readonly<Record<Codec, string>> = {
  none: "",
  gzip: "1f8b0800000000000003",
  snappy: "c801",
  lz4: "04224d18604073",
  zstd: "28b52ffd2000",
};

describe("snappy", () => {
  it("reads blocks in the frame of Java clients", () => {
    const frame: Buffer[] = [Buffer.from("82534e41505059000000000100000001", "hex")];
    for (const part of [words.subarray(0, 30_000), words.subarray(30_000)]) {
      const block = compress("snappy", part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(block.length);
      frame.push(length, block);
    }
    expect(decompress("snappy", Buffer.concat(frame), LIMIT).equals(words)).toBe(true);
    expect(() => decompress("snappy", Buffer.concat(frame), 40_000)).toThrow("more than");
  });

  it("is not led back by a literal of a negative length", () => {
    const block = Buffer.from([100, 0xfc, 0xfa, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    expect(() => decompress("snappy", block, LIMIT)).toThrow(RangeError);
  });

  it("takes no memory for a length that the input cannot hold", () => {
    const block = Buffer.from([0x80, 0x80, 0x80, 0x10, 0, 0]);
    expect(() => decompress("snappy", block, 1 << 30)).toThrow("corrupt");
  });
});

/** Runs a filter; its output as bytes. */
function pipe(program: string, args: string[], input: Buffer): Buffer {
  return execFileSync(program, args, { input, maxBuffer: 1 << 24, stdio: ["pipe", "pipe", "ignore"] });
}

describeWith(["lz4"], "the lz4 program", () => {
  it("reads what is encoded here", () => {
    for (const sample of samples) {
      expect(pipe("lz4", ["-d", "-c"], compress("lz4", sample)).equals(sample)).toBe(true);
    }
  });

  it("is understood, whatever its options", () => {
    for (const flags of ["-1", "-9", "-BD", "-B4", "--content-size"]) {
      for (const sample of samples) {
        const frame = pipe("lz4", ["-c", "-z", flags], sample);
        expect(decompress("lz4", frame, LIMIT).equals(sample)).toBe(true);
      }
    }
  });
});

describeWith(["zstd"], "the zstd and gzip programs", () => {
  it.each(["zstd", "gzip"] as const)("%s: each reads what the other wrote", (codec) => {
    for (const sample of samples) {
      expect(pipe(codec, ["-d", "-c"], compress(codec, sample)).equals(sample)).toBe(true);
      for (const level of ["-1", "-9"]) {
        expect(decompress(codec, pipe(codec, ["-c", level], sample), LIMIT).equals(sample)).toBe(true);
      }
    }
  });
});

describeWith(["python3-snappy"], "Google's snappy", () => {
  const python = (call: string, input: Buffer) =>
    pipe(
      "/usr/bin/python3",
      ["-c", `import sys,snappy; i=sys.stdin.buffer; sys.stdout.buffer.write(${call})`],
      input,
    );

  it("reads what is encoded here", () => {
    for (const sample of samples) {
      expect(python("snappy.uncompress(i.read())", compress("snappy", sample)).equals(sample)).toBe(true);
    }
  });

  it("is understood", () => {
    for (const sample of samples) {
      expect(decompress("snappy", python("snappy.compress(i.read())", sample), LIMIT).equals(sample)).toBe(
        true,
      );
    }
  });
});
