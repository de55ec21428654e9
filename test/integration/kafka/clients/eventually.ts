import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";

/** A session of a member that is gone, and time for a busy machine. */
const PATIENCE_MS = 30_000;

/** Asks until the answer is the expected one: `expect.poll` for tests that run beside others. */
export async function eventually<T>(ask: () => T | Promise<T>, expected: T): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  let last = await ask();
  while (!isDeepStrictEqual(last, expected) && Date.now() < deadline) {
    await sleep(30);
    last = await ask();
  }
  expect(last).toEqual(expected);
}
