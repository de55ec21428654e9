import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { BlobGate } from "../../../../../src/server/store/publish/gate.ts";

test("writers run side by side, and a remover waits for them and holds later ones back", async () => {
  const gate = new BlobGate();
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  const step = (name: string, wait?: Promise<void>) => async () => {
    order.push(`${name} starts`);
    await wait;
    order.push(`${name} ends`);
  };
  const all = [gate.write(step("a", first.promise)), gate.write(step("b"))];
  await turn();
  all.push(gate.remove(step("remover")));
  all.push(gate.write(step("c")));
  await turn();
  expect(order).toEqual(["a starts", "b starts", "b ends"]);
  first.resolve();
  await Promise.all(all);
  expect(order.slice(3)).toEqual(["a ends", "remover starts", "remover ends", "c starts", "c ends"]);
});

test("a failure reaches its caller and nobody else", async () => {
  const gate = new BlobGate();
  const fail = async () => {
    throw new Error("no");
  };
  await expect(gate.write(fail)).rejects.toThrow("no");
  await expect(gate.remove(fail)).rejects.toThrow("no");
  await expect(gate.write(async () => 1)).resolves.toBe(1);
});
