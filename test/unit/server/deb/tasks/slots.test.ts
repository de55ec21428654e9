import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Slots } from "../../../../../src/server/deb/tasks/slots.ts";

const never = new AbortController().signal;

test("so many run at the same time, the others in the order in which they came", async () => {
  const slots = new Slots(2);
  const order: string[] = [];
  const gates = ["a", "b", "c", "d"].map((name) => ({ name, gate: Promise.withResolvers<void>() }));
  const all = gates.map(({ name, gate }) =>
    slots.run(never, async () => {
      order.push(name);
      await gate.promise;
    }),
  );
  await nextTurn();
  expect(order).toEqual(["a", "b"]);
  gates[1]?.gate.resolve();
  await all[1];
  await nextTurn();
  expect(order).toEqual(["a", "b", "c"]);
  for (const { gate } of gates) gate.resolve();
  await Promise.all(all);
  expect(order).toEqual(["a", "b", "c", "d"]);
});

test("who has had a turn before comes ahead of those who have not", async () => {
  const slots = new Slots(1);
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  const running = slots.run(never, () => first.promise);
  const all = [
    slots.run(never, async () => order.push("fetch b")),
    slots.run(never, async () => order.push("fetch c")),
    slots.run(never, async () => order.push("build a"), { again: true }),
  ];
  first.resolve();
  await Promise.all([running, ...all]);
  expect(order).toEqual(["build a", "fetch b", "fetch c"]);
});

test("who gives up while waiting takes nobody's place", async () => {
  const slots = new Slots(1);
  const first = Promise.withResolvers<void>();
  const running = slots.run(never, () => first.promise);
  const controller = new AbortController();
  const waiting = slots.run(controller.signal, async () => "ran");
  const next = slots.run(never, async () => "ran");
  controller.abort();
  await expect(waiting).rejects.toThrow();
  first.resolve();
  await running;
  expect(await next).toBe("ran");
  expect(await slots.run(never, async () => "free")).toBe("free");
});

test("a failure frees the place", async () => {
  const slots = new Slots(1);
  await expect(slots.run(never, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await slots.run(never, async () => "ran")).toBe("ran");
});
