import { expect, it } from "vitest";
import { recordBatch } from "../../../../helpers/record-batch.ts";
import { openLog, readAll } from "./log-harness.ts";

it("a log whose disk failed to sync takes nothing more, says so, and serves what was acknowledged", async () => {
  const { log, disk } = await openLog();
  await log.append(recordBatch(), { acks: -1 });
  expect(log.isReadOnly).toBe(false);
  disk.syncFails = true;
  await expect(log.append(recordBatch(), { acks: -1 })).rejects.toMatchObject({ code: 56 });
  disk.syncFails = false;
  expect(log.isReadOnly).toBe(true);
  await expect(log.append(recordBatch(), { acks: -1 })).rejects.toMatchObject({ code: 56 });
  expect((await readAll(log)).length).toBeGreaterThanOrEqual(1);
});
