import { LRUCache } from "lru-cache";

interface Bucket {
  tokens: number;
  at: number;
}

/** Seconds' worth of requests that may come at once: a page brings its images and scripts along. */
const BURST_SECONDS = 2;

/** Token buckets for visitors who did not sign in: one for each address and plugin. In memory: a restart forgets. */
export class VisitorLimit {
  readonly #buckets = new LRUCache<string, Bucket>({ max: 50_000 });
  readonly #now: () => number;

  /** @param now in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a request. Returns 0 when it may pass, else the seconds after which the next one may. */
  take(plugin: string, address: string, perSecond: number): number {
    const key = `${plugin} ${address}`;
    const at = this.#now();
    const capacity = Math.max(1, perSecond * BURST_SECONDS);
    const known = this.#buckets.get(key) ?? { tokens: capacity, at };
    const tokens = Math.min(capacity, known.tokens + ((at - known.at) / 1000) * perSecond);
    const passes = tokens >= 1;
    this.#buckets.set(key, { tokens: passes ? tokens - 1 : tokens, at });
    return passes ? 0 : Math.max(1, Math.ceil((1 - tokens) / perSecond));
  }
}
