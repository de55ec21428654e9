/** What must be undone at the end, in reverse order of its beginning. Each step is tried, whatever the others do. */
export class Shutdown {
  readonly #drainMs: number;
  readonly #steps: ((deadline: AbortSignal) => unknown)[] = [];
  #done: Promise<void> | undefined;

  /** @param drainMs after which the signal that every step gets is aborted. */
  constructor(drainMs: number) {
    this.#drainMs = drainMs;
  }

  add(step: (deadline: AbortSignal) => unknown): void {
    this.#steps.push(step);
  }

  /** Runs the steps, once. @throws AggregateError of what failed. */
  run(): Promise<void> {
    this.#done ??= this.#run();
    return this.#done;
  }

  async #run(): Promise<void> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.#drainMs);
    const failures: unknown[] = [];
    for (const step of this.#steps.toReversed()) {
      try {
        await step(deadline.signal);
      } catch (error) {
        failures.push(error);
      }
    }
    clearTimeout(timer);
    if (failures.length > 0) throw new AggregateError(failures, "the server did not stop cleanly");
  }
}
