import { cancelledError } from "../../../core/errors.ts";

/** Changes of one root, one at a time in the order of their calls. */
export class ChangeQueue {
  readonly #waiting: { id: string; begin: () => void }[] = [];
  #running: string | undefined;
  readonly #closing = new AbortController();
  #idle: (() => void) | undefined;

  /** What runs, then what waits, in order. */
  get ids(): string[] {
    return [...(this.#running === undefined ? [] : [this.#running]), ...this.#waiting.map(({ id }) => id)];
  }

  /**
   * Does the work when everything before it has ended.
   * @param onQueued called when it has to wait. @throws CANCELLED when the signal fires before its turn.
   */
  async run<T>(
    { id, signal, onQueued }: { id: string; signal: AbortSignal; onQueued?: () => void | Promise<void> },
    work: () => Promise<T>,
  ): Promise<T> {
    const turn = this.#take(id, AbortSignal.any([signal, this.#closing.signal]));
    let told: PromiseSettledResult<void> | undefined;
    if (turn !== undefined) {
      [[told]] = await Promise.all([Promise.allSettled([(async () => onQueued?.())()]), turn]);
    }
    try {
      if (told?.status === "rejected") throw told.reason;
      if (signal.aborted || this.#closing.signal.aborted) throw cancelledError();
      return await work();
    } finally {
      const next = this.#waiting.shift();
      this.#running = next?.id;
      if (next === undefined) this.#idle?.();
      else next.begin();
    }
  }

  /** Lets what runs end; what waits is cancelled. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#running === undefined) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  /** @returns undefined when it is its turn already. */
  #take(id: string, signal: AbortSignal): Promise<void> | undefined {
    if (this.#running === undefined) {
      this.#running = id;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(cancelledError());
      };
      const waiter = {
        id,
        begin: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      this.#waiting.push(waiter);
      if (signal.aborted) leave();
      else signal.addEventListener("abort", leave, { once: true });
    });
  }
}
