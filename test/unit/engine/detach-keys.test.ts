import { Readable } from "node:stream";
import fc from "fast-check";
import { expect, it } from "vitest";
import { DetachKeys } from "../../../src/engine/detach-keys.ts";

async function type(pieces: readonly Buffer[]) {
  let presses = 0;
  const keys = new DetachKeys(() => {
    presses += 1;
  });
  const passed: Buffer[] = [];
  keys.on("data", (piece) => passed.push(piece));
  Readable.from(pieces).pipe(keys);
  await new Promise((resolve) => keys.on("end", resolve));
  return { passed: Buffer.concat(passed), presses };
}

const key = fc.constantFrom(0x10, 0x11, 0x61, 0x03);
const pieces = fc.array(fc.array(key, { minLength: 1, maxLength: 4 }).map((bytes) => Buffer.from(bytes)));

it("passes on every byte up to Ctrl-P Ctrl-Q, however it is cut into pieces", async () => {
  await fc.assert(
    fc.asyncProperty(pieces, async (typed) => {
      const whole = Buffer.concat(typed);
      const at = whole.indexOf(Buffer.of(0x10, 0x11));
      const { passed, presses } = await type(typed);
      expect(presses).toBe(at < 0 ? 0 : 1);
      expect(passed).toEqual(at < 0 ? whole : whole.subarray(0, at));
    }),
  );
});
