import { once } from "node:events";

/**
 * Lets so many run at the same time; the others wait in the order in which they came, those who have had a turn before
 * ahead of the others: the first of many plugins is installed while the last is still fetched.
 */
export class Slots {
  readonly #again: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * @param options.again the work goes on with what an earlier one began.
   * @throws the signal's reason when it is aborted while waiting.
   */
  async run<Result>(
    signal: AbortSignal,
    work: () => Promise<Result>,
    { again = false }: { again?: boolean } = {},
  ): Promise<Result> {
    await this.#take(signal, again ? this.#again : this.#waiting);
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  async #take(signal: AbortSignal, waiting: (() => void)[]): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const turn = Promise.withResolvers<void>();
    waiting.push(turn.resolve);
    const done = new AbortController();
    const aborted = once(signal, "abort", { signal: done.signal }).then(
      () => true,
      () => false,
    );
    const gaveUp = await Promise.race([turn.promise.then(() => false), aborted]);
    done.abort();
    if (!gaveUp) return;
    const place = waiting.indexOf(turn.resolve);
    if (place >= 0) waiting.splice(place, 1);
    // The turn came at the very moment: it goes to the next one.
    else this.#pass();
    signal.throwIfAborted();
  }

  #pass(): void {
    const next = this.#again.shift() ?? this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
