import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linesOf } from "../../../../src/actions/kafka/lines.ts";
import { collect } from "../../../helpers/archives.ts";

async function* pieces(given: readonly Uint8Array[]) {
  for (const piece of given) yield Buffer.from(piece);
}

const lines = async (given: readonly Uint8Array[]) =>
  (await collect(linesOf(pieces(given)))).flat().map((line) => line.toString("latin1"));

describe("lines", () => {
  it("are the same however the input is cut into pieces", async () => {
    const text = fc.array(fc.constantFrom("a", "b", "\n", "\r\n", "é"), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat({ max: 90 }), { maxLength: 8 }), async (parts, cuts) => {
        const bytes = Buffer.from(parts.join(""));
        const places = [
          0,
          ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
          bytes.length,
        ];
        const cut = places.slice(1).map((end, n) => bytes.subarray(places[n], end));
        const expected = bytes.toString("latin1").split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(await lines(cut)).toEqual(expected.map((line) => line.replace(/\r$/, "")));
      }),
    );
  });

  it("count also where they are empty, and where the last one does not end", async () => {
    expect(await lines([Buffer.from("\n\na")])).toEqual(["", "", "a"]);
    expect(await lines([])).toEqual([]);
  });
});
