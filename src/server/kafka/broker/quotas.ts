import type { Clock } from "./clock.ts";
import type { Principal, Quotas } from "./security.ts";

/** Milliseconds: a client that is not read for longer takes its request for lost, or misses its group's heartbeat. */
const LONGEST_WAIT = 20_000;

/** An answer holds at most what the quota allows in so many seconds: less than the shortest session of a group. */
const FETCH_SECONDS = 5;

/** Buckets are looked through for those that are full, and so need not be kept, after so many changes. */
const SWEEP_EVERY = 10_000;

interface Bucket {
  /** Bytes that may still go; below zero what is owed. */
  tokens: number;
  /** Milliseconds since 1970. */
  at: number;
}

/**
 * A token bucket of one second for what each principal sends and another for what it fetches. What goes beyond is let through
 * and owed: the client is told to wait, and its connection is not read, until the debt is paid (KIP-219).
 */
export class TokenBuckets implements Quotas {
  readonly #rate: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  #changes = 0;

  /** @param bytesPerSecond that a principal may send, and fetch */
  constructor(bytesPerSecond: number, clock: Clock) {
    this.#rate = bytesPerSecond;
    this.#clock = clock;
  }

  record(kind: "produce" | "fetch", { name }: Principal, _clientId: string | null, bytes: number): number {
    if (++this.#changes % SWEEP_EVERY === 0) this.#forgetFull();
    const key = `${kind} ${name}`;
    const tokens = this.#tokensOf(this.#buckets.get(key)) - bytes;
    this.#buckets.set(key, { tokens, at: this.#clock.now() });
    return tokens >= 0 ? 0 : Math.min(LONGEST_WAIT, Math.ceil((-tokens / this.#rate) * 1000));
  }

  fetchLimit(): number {
    return this.#rate * FETCH_SECONDS;
  }

  #tokensOf(bucket: Bucket | undefined): number {
    if (bucket === undefined) return this.#rate;
    const elapsed = Math.max(0, this.#clock.now() - bucket.at);
    return Math.min(this.#rate, bucket.tokens + (elapsed / 1000) * this.#rate);
  }

  #forgetFull(): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#tokensOf(bucket) >= this.#rate) this.#buckets.delete(key);
    }
  }
}
