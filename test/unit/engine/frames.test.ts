import fc from "fast-check";
import { expect, it } from "vitest";
import { type Frame, readFrames } from "../../../src/engine/frames.ts";

function encode(frames: readonly Frame[]): Buffer {
  return Buffer.concat(
    frames.map(({ stream, data }) => {
      const header = Buffer.alloc(8);
      header[0] = stream === "stderr" ? 2 : 1;
      header.writeUInt32BE(data.length, 4);
      return Buffer.concat([header, data]);
    }),
  );
}

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Frame[]> {
  const found: Frame[] = [];
  for await (const { stream, data } of readFrames(body)) found.push({ stream, data: Buffer.from(data) });
  return found;
}

const frame = fc.record({
  stream: fc.constantFrom("stdout" as const, "stderr" as const),
  data: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});

it("reads what was written, however the connection cuts it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
      async (frames, sizes) => {
        expect(await collect(cut(encode(frames), sizes))).toEqual(frames);
      },
    ),
    { numRuns: 100 },
  );
});

it.each([
  ["a stream number that there is none of", Buffer.from([3, 0, 0, 0, 0, 0, 0, 1, 65]), "BACKEND"],
  ["text in the place of a header", Buffer.from("hello, world"), "BACKEND"],
  ["a length beyond all measure", Buffer.from([1, 0, 0, 0, 255, 255, 255, 255]), "BACKEND"],
  ["an end within a frame", Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 65]), "UNAVAILABLE"],
])("refuses %s", async (_, bytes, code) => {
  await expect(collect(cut(bytes, [4]))).rejects.toMatchObject({ code });
});
