import fc from "fast-check";
import { expect, it } from "vitest";
import { interleave, mergeByTime } from "../../../src/actions/merge-logs.ts";
import type { LogLine } from "../../../src/core/observation.ts";

const collect = async <T>(lines: AsyncIterable<T>) => {
  const all: T[] = [];
  for await (const line of lines) all.push(line);
  return all;
};

async function* from<T>(items: readonly T[]) {
  yield* items;
}

/** Times as engines write them: with as many digits of a second as are not zero. */
const time = fc
  .nat({ max: 999 })
  .map((ms) => new Date(ms).toISOString().replace(/0+Z$/, "Z").replace(".Z", "Z"));
const log = fc
  .array(fc.option(time, { freq: 5 }), { maxLength: 10 })
  .map((times) =>
    times.map((at, index): LogLine => ({ plugin: "", stream: "stdout", at, text: `${index}` })),
  );

it("merging keeps every line, the order of each log, and, where all lines have times in order, that of the times", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(log, { maxLength: 4 }), fc.boolean(), async (logs, tidy) => {
      const named = logs.map((lines, index) => {
        const own = tidy ? lines.filter(({ at }) => at !== null) : lines;
        const sorted = tidy ? own.sort((a, b) => Date.parse(a.at ?? "") - Date.parse(b.at ?? "")) : own;
        return sorted.map((line) => ({ ...line, plugin: String(index) }));
      });
      const merged = await collect(mergeByTime(named.map(from)));
      expect(merged.length).toBe(named.flat().length);
      for (const [index, lines] of named.entries()) {
        expect(merged.filter(({ plugin }) => plugin === String(index))).toEqual(lines);
      }
      if (!tidy) return;
      const times = merged.map(({ at }) => Date.parse(at ?? ""));
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }),
  );
});

it("interleaving loses nothing and ends when all logs have", async () => {
  const logs = [from(["a1", "a2"]), from([]), from(["c1"])];
  expect((await collect(interleave(logs))).sort()).toEqual(["a1", "a2", "c1"]);
});

it("a log that fails ends the others, even one that waits", async () => {
  async function* failing() {
    yield "first";
    throw new Error("gone");
  }
  async function* waiting() {
    await new Promise(() => {});
    yield "never";
  }
  const seen: string[] = [];
  await expect(async () => {
    for await (const line of interleave([waiting(), failing()])) seen.push(line);
  }).rejects.toThrow("gone");
  expect(seen).toEqual(["first"]);
});
