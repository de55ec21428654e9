import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { toPlugctlError } from "../../../core/errors.ts";
import type { TargetEvent } from "../../../core/observation.ts";
import { createEvents } from "../../../engine/events.ts";
import type { EventBus } from "../../events/bus.ts";
import type { EngineAccess } from "./engine-access.ts";
import type { PluginLocator } from "./reach.ts";

/** What happened to a container, as events of the server. What somebody did through it is another event: `plugin.stop`. */
const TYPES: Readonly<Record<string, string>> = {
  "plugin.start": "plugin.started",
  "plugin.stop": "plugin.stopped",
  "plugin.die": "plugin.died",
  "plugin.oom": "plugin.out_of_memory",
  "plugin.restart": "plugin.restarted",
  "plugin.pause": "plugin.paused",
  "plugin.unpause": "plugin.resumed",
};

/** Before the engine's stream is asked for again, after the engine's client has tried for a while. */
const RETRY_MS = 30_000;

export interface EngineWatchParts {
  engine: EngineAccess;
  events: EventBus;
  locator: PluginLocator;
  log: Logger;
}

/**
 * Follows what the engine tells of plugins, whoever caused it, and publishes it. Over restarts of the engine, until the
 * server stops.
 */
export class EngineWatch {
  readonly #parts: EngineWatchParts;
  readonly #stopping = new AbortController();
  readonly #watching: Promise<void>;

  constructor(parts: EngineWatchParts) {
    this.#parts = parts;
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { engine, log } = this.#parts;
    const { signal } = this.#stopping;
    let since = new Date();
    while (!signal.aborted) {
      try {
        await engine.within("", signal, async ({ client }) => {
          const onInterruption = (error: Error) => log.warn({ reason: error.message }, "the engine is away");
          for await (const event of createEvents({ client }).events({
            since,
            follow: true,
            onInterruption,
          })) {
            since = new Date(Date.parse(event.at) + 1);
            this.#publish(event);
          }
        });
      } catch (error) {
        if (signal.aborted) return;
        log.error({ reason: toPlugctlError(error).message }, "the engine tells of no events");
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #publish({ at, type, resource, data }: TargetEvent): void {
    const { events, locator } = this.#parts;
    const [user = "", name = ""] = resource.slice("plugin:".length).split("/");
    locator.forget({ user, name });
    const published = type === "plugin.health" ? `plugin.${data.health}` : TYPES[type];
    if (published !== undefined)
      events.publish({ type: published, resource, data: { ...data, engineAt: at } });
  }
}
