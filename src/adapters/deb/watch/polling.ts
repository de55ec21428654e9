import { setTimeout as sleep } from "node:timers/promises";
import { PlugctlError } from "../../../core/errors.ts";
import type { PlugindClient } from "../wazo/client.ts";
import { changeBetween } from "./lists.ts";
import type { Expectation, TaskWatch } from "./watch.ts";

export interface Patience {
  intervalMs: number;
  /** After so long without a change the task counts as lost. */
  limitMs: number;
}

const PATIENCE: Patience = { intervalMs: 1000, limitMs: 10 * 60_000 };

/** Looks at the list of plugins until it changes: all that can be seen of a wazo-plugind without its message bus. */
export async function watchList(
  client: PlugindClient,
  expectation: Expectation,
  { signal, patience = PATIENCE }: { signal: AbortSignal; patience?: Patience | undefined },
): Promise<TaskWatch> {
  const { action, label } = expectation;
  const before = await client.plugins();
  return {
    async follow(uuid, progress) {
      progress({
        phase: "waiting",
        message: `waiting until ${label} is ${action === "install" ? "listed" : "gone"} (without the message bus no step or error of it is seen)`,
      });
      const end = performance.now() + patience.limitMs;
      while (performance.now() < end) {
        await sleep(patience.intervalMs, undefined, { signal });
        const outcome = changeBetween(before, await client.plugins(), expectation);
        if (outcome === undefined) continue;
        const warning = `the end of the task was not seen, only that ${label} is ${action === "install" ? "listed" : "gone"}`;
        return { ...outcome, warnings: action === "install" ? [warning] : [] };
      }
      throw new PlugctlError(
        "TIMEOUT",
        `nothing changed on target "${client.target}" in ${Math.round(patience.limitMs / 1000)} s: the task for ${label} failed, goes on, or had nothing to do`,
        {
          hint: `errors are told on the message bus only: give the target its address (deb.amqp), or read /var/log/wazo-plugind.log on the host`,
          details: { target: client.target, task: uuid },
        },
      );
    },
    async [Symbol.asyncDispose]() {},
  };
}
