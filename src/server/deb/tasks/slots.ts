import { once } from "node:events";

/** Lets so many run at the same time; the others wait in the order in which they came. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** @throws the signal's reason when it is aborted while waiting. */
  async run<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn.resolve);
    const done = new AbortController();
    const aborted = once(signal, "abort", { signal: done.signal }).then(
      () => true,
      () => false,
    );
    const gaveUp = await Promise.race([turn.promise.then(() => false), aborted]);
    done.abort();
    if (!gaveUp) return;
    const place = this.#waiting.indexOf(turn.resolve);
    if (place >= 0) this.#waiting.splice(place, 1);
    // The turn came at the very moment: it goes to the next one.
    else this.#pass();
    signal.throwIfAborted();
  }

  #pass(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
