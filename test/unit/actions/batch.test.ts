import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { batch } from "../../../src/actions/batch.ts";

const signal = new AbortController().signal;

it("works on the items of a lane one after the other, and on lanes side by side up to the limit", async () => {
  const items = ["a1", "a2", "b1", "c1", "b2", "a3"];
  const now = new Map<string, number>();
  const order: string[] = [];
  let most = 0;
  const outcomes = await batch(
    items,
    async (item) => {
      const lane = item.charAt(0);
      expect(now.get(lane) ?? 0).toBe(0);
      now.set(lane, 1);
      most = Math.max(most, [...now.values()].filter((count) => count > 0).length);
      await sleep(5);
      now.set(lane, 0);
      order.push(item);
      return item.toUpperCase();
    },
    { concurrency: 2, signal, laneOf: (item) => item.charAt(0) },
  );
  expect(outcomes.map(({ value }) => value)).toEqual(items.map((item) => item.toUpperCase()));
  expect(most).toBe(2);
  expect(order.filter((item) => item.startsWith("a"))).toEqual(["a1", "a2", "a3"]);
});

it("goes on in a lane in which something failed", async () => {
  const outcomes = await batch(
    [1, 2, 3],
    async (item) => {
      if (item === 1) throw new Error("no");
      return item;
    },
    { concurrency: 1, signal, laneOf: () => "one" },
  );
  expect(outcomes.map(({ value, error }) => value ?? error?.message)).toEqual(["no", 2, 3]);
});
