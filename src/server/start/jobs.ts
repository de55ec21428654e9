import type { Logger } from "pino";
import { Counter, type Registry } from "prom-client";
import type { BackgroundJob } from "../module.ts";

export interface JobRunner {
  /** Resolves when the turns under way have ended. */
  stop(): Promise<void>;
}

/**
 * Runs each job at multiples of its interval after the start, whatever a turn takes; a turn that takes longer than
 * the interval makes the next ones be left out. A failure is logged and counted.
 */
export function startJobs(jobs: readonly BackgroundJob[], log: Logger, registry: Registry): JobRunner {
  const controller = new AbortController();
  const failures = new Counter({
    name: "plugctl_job_failures_total",
    help: "Turns of background jobs that failed",
    labelNames: ["job"],
    registers: [registry],
  });
  const timers = new Set<NodeJS.Timeout>();
  const turns = new Set<Promise<void>>();

  async function run(job: BackgroundJob): Promise<void> {
    try {
      await job.run(controller.signal);
    } catch (error) {
      if (controller.signal.aborted) return;
      failures.inc({ job: job.name });
      log.error({ err: error, job: job.name }, "a background job failed");
    }
  }

  function schedule(job: BackgroundJob, start: number): void {
    const elapsed = performance.now() - start;
    const waitMs = job.everyMs - (elapsed % job.everyMs);
    const timer = setTimeout(() => {
      timers.delete(timer);
      const turn = run(job).finally(() => {
        turns.delete(turn);
        if (!controller.signal.aborted) schedule(job, start);
      });
      turns.add(turn);
    }, waitMs);
    timers.add(timer);
  }

  const start = performance.now();
  for (const job of jobs) schedule(job, start);
  return {
    async stop() {
      controller.abort();
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(turns);
    },
  };
}
