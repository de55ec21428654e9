import type { Logger } from "pino";
import type { EventBus, ServerEvent } from "./bus.ts";

/** Events held for clients that reconnect. */
const REPLAY_LIMIT = 1000;

/**
 * An event bus in memory. Ids begin with the time of the start, so they grow over restarts too and a client that
 * reconnects to a restarted server misses nothing of the new run.
 */
export function createEventBus(log: Logger, now: () => Date): EventBus {
  const listeners = new Set<(event: ServerEvent) => void>();
  const held: ServerEvent[] = [];
  let nextId = now().getTime() * 1000;

  function deliver(listener: (event: ServerEvent) => void, event: ServerEvent): void {
    try {
      listener(event);
    } catch (error) {
      log.error({ err: error, event: event.type }, "an event listener failed");
    }
  }

  return {
    publish({ type, resource, data = {} }) {
      const event = { id: nextId++, at: now().toISOString(), type, resource, data };
      held.push(event);
      if (held.length > REPLAY_LIMIT) held.shift();
      for (const listener of listeners) deliver(listener, event);
    },
    subscribe(listener, lastId) {
      if (lastId !== undefined) {
        for (const event of held) if (event.id > lastId) deliver(listener, event);
      }
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
