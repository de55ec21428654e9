import fc from "fast-check";
import { expect, it } from "vitest";
import { FrameReader } from "../../../../../src/server/kafka/broker/net/frames.ts";

const LIMIT = 100_000;

const framed = (content: Uint8Array): Buffer => {
  const size = Buffer.alloc(4);
  size.writeInt32BE(content.length);
  return Buffer.concat([size, content]);
};

/** The frames that are complete. */
function takeAll(reader: FrameReader): Buffer[] {
  const taken: Buffer[] = [];
  for (let size = reader.size(LIMIT); size !== undefined && reader.has(size); size = reader.size(LIMIT)) {
    taken.push(reader.take(size));
  }
  return taken;
}

it("gives the same frames however the stream is cut", () => {
  const contents = fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      contents,
      fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
      fc.boolean(),
      (frames, sizes, early) => {
        const stream = Buffer.concat(frames.map(framed));
        const reader = new FrameReader();
        const taken: Buffer[] = [];
        let gathered = -1;
        for (let at = 0; at < stream.length; ) {
          const end = at + (sizes.next().value as number);
          reader.push(stream.subarray(at, end));
          at = end;
          taken.push(...takeAll(reader));
          const size = reader.size(LIMIT);
          if (!early || size === undefined || gathered === taken.length) continue;
          gathered = taken.length;
          reader.gather(size);
        }
        expect(taken.map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]));
        expect(reader.isEmpty).toBe(true);
      },
    ),
  );
});

it("does not copy a frame that comes in one piece", () => {
  const reader = new FrameReader();
  const stream = Buffer.concat([framed(Buffer.from("one")), framed(Buffer.from("two"))]);
  reader.push(stream);
  const [one, two] = takeAll(reader);
  expect(one?.buffer).toBe(stream.buffer);
  expect(two?.toString()).toBe("two");
});

it("keeps no list of the bytes that come one by one", () => {
  const reader = new FrameReader();
  const content = Buffer.alloc(LIMIT, 3);
  const stream = framed(content);
  reader.push(stream.subarray(0, 4));
  reader.gather(LIMIT);
  for (let at = 4; at < stream.length; at++) reader.push(stream.subarray(at, at + 1));
  expect(reader.take(LIMIT)).toEqual(content);
  expect(reader.isEmpty).toBe(true);
});

it.each([-1, -0x80000000, LIMIT + 1, 0x7fffffff])("refuses a size of %i", (size) => {
  const reader = new FrameReader();
  const head = Buffer.alloc(4);
  head.writeInt32BE(size);
  reader.push(head);
  expect(() => reader.size(LIMIT)).toThrow(`a frame of ${size} bytes`);
});
