import { pino } from "pino";
import { Registry } from "prom-client";
import { describe, expect, it, vi } from "vitest";
import type { BackgroundJob } from "../../../../src/server/module.ts";
import { startJobs } from "../../../../src/server/start/jobs.ts";

const silent = pino({ level: "silent" });
const job = (run: BackgroundJob["run"], everyMs = 10): BackgroundJob => ({ name: "job", everyMs, run });

describe("background jobs", () => {
  it("come again after a failure, which is counted", async () => {
    const registry = new Registry();
    let turns = 0;
    const runner = startJobs(
      [
        job(async () => {
          turns++;
          throw new Error("broken");
        }),
      ],
      silent,
      registry,
    );
    await expect.poll(() => turns).toBeGreaterThanOrEqual(3);
    await runner.stop();
    expect(await registry.metrics()).toContain(`plugctl_job_failures_total{job="job"} ${turns}`);
  });

  it("never run twice at once, and end with the runner", async () => {
    let active = 0;
    let turns = 0;
    const runner = startJobs(
      [
        job(async () => {
          expect(++active).toBe(1);
          await new Promise((resolve) => setTimeout(resolve, 25));
          active--;
          turns++;
        }),
      ],
      silent,
      new Registry(),
    );
    await expect.poll(() => turns).toBeGreaterThanOrEqual(3);
    await runner.stop();
    expect(active).toBe(0);
    const after = turns;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(turns).toBe(after);
  });

  it("keep to multiples of their interval, whatever a turn takes", async () => {
    vi.useFakeTimers();
    try {
      const start = performance.now();
      const at: number[] = [];
      const runner = startJobs(
        [
          job(async () => {
            at.push(performance.now() - start);
            await new Promise((resolve) => setTimeout(resolve, at.length === 2 ? 150 : 30));
          }, 100),
        ],
        silent,
        new Registry(),
      );
      await vi.advanceTimersByTimeAsync(700);
      const stopped = runner.stop();
      await vi.advanceTimersByTimeAsync(200);
      await stopped;
      expect(at.map(Math.round)).toEqual([100, 200, 400, 500, 600, 700]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("are told when the server stops", async () => {
    let aborted = false;
    let started = false;
    const runner = startJobs(
      [
        job(async (signal) => {
          started = true;
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          aborted = signal.aborted;
        }),
      ],
      silent,
      new Registry(),
    );
    await expect.poll(() => started).toBe(true);
    await runner.stop();
    expect(aborted).toBe(true);
  });
});
