import { Problem } from "../../http/problem.ts";

const HOUR_MS = 3_600_000;

/** At most so many calls per key in each hour. */
export class HourlyLimit {
  readonly #limit: number;
  readonly #now: () => Date;
  #window = 0;
  #counts = new Map<string, number>();

  constructor(limit: number, now: () => Date) {
    this.#limit = limit;
    this.#now = now;
  }

  /** @throws Problem 429 `rate_limited` with `Retry-After`. */
  take(key: string): void {
    const now = this.#now().getTime();
    const window = Math.floor(now / HOUR_MS);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts = new Map();
    }
    const count = (this.#counts.get(key) ?? 0) + 1;
    if (count > this.#limit) {
      const seconds = Math.ceil(((window + 1) * HOUR_MS - now) / 1000);
      throw new Problem(429, "rate_limited", `no more than ${this.#limit} publishes an hour are allowed`, {
        headers: { "retry-after": String(seconds) },
      });
    }
    this.#counts.set(key, count);
  }
}
