import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { LRUCache } from "lru-cache";

/** A plugin that has been started so recently may not listen yet. */
const STARTUP_MS = 15_000;
const RETRY_MS = 100;

/** Lets the first visitor after a start wait until the plugin takes connections, instead of seeing it fail. */
export class StartupWait {
  /** Origins that have been seen to listen, or had their time, with the start that it was. */
  readonly #listening = new LRUCache<string, number>({ max: 1000 });
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  async untilListening(origin: string, startedAt: Date): Promise<void> {
    const start = startedAt.getTime();
    if (this.#listening.get(origin) === start) return;
    const until = start + STARTUP_MS;
    const { hostname, port } = new URL(origin);
    while (this.#now().getTime() < until) {
      if (await takesConnections(hostname, Number(port || 80))) break;
      await sleep(RETRY_MS);
    }
    this.#listening.set(origin, start);
  }
}

async function takesConnections(host: string, port: number): Promise<boolean> {
  const socket = connect({ host: host.replace(/^\[|\]$/g, ""), port, timeout: 1_000 });
  socket.on("timeout", () => socket.destroy(new Error("no answer")));
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
