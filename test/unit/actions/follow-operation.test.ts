import { expect, it } from "vitest";
import { followOperation } from "../../../src/actions/follow-operation.ts";
import type { Operation, OperationProgress } from "../../../src/core/administration.ts";

const started: Operation = {
  id: "o1",
  kind: "server.gc",
  resource: "server",
  state: "running",
  startedAt: "2026-03-01T12:00:00.000Z",
  finishedAt: null,
  result: null,
  error: null,
};
const step: OperationProgress = {
  seq: 1,
  at: started.startedAt,
  phase: "removing",
  message: "removing",
  done: 1,
};

const operations = (...steps: (OperationProgress | Operation)[]) => ({
  get: async () => started,
  async *follow() {
    yield* steps;
  },
});

it("reports the steps and returns the operation that succeeded", async () => {
  const seen: unknown[] = [];
  const ended = { ...started, state: "succeeded", result: { removed: 1 } };
  expect(await followOperation(operations(step, ended), started, (event) => seen.push(event))).toEqual(ended);
  expect(seen).toEqual([step]);
});

it("throws what made it fail, or the state that it stopped in", async () => {
  const failed = { ...started, state: "failed", error: { code: "CONFLICT", message: "the disk is full" } };
  await expect(followOperation(operations(failed), started, () => {})).rejects.toMatchObject({
    code: "BACKEND",
    message: "the disk is full",
    details: { operation: "o1", state: "failed", code: "CONFLICT" },
  });
  const interrupted = { ...started, state: "interrupted" };
  await expect(followOperation(operations(interrupted), started, () => {})).rejects.toThrow("is interrupted");
  await expect(followOperation(operations(step), started, () => {})).rejects.toThrow("without a result");
});
