/** A time limit joined with the run's own signal. */
export class Deadline {
  readonly signal: AbortSignal;
  readonly #limitMs: number;
  readonly #late = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #endsAt: number;

  /** @param reason made when the limit is reached; what waits for the signal fails with it. */
  constructor(limitMs: number, run: AbortSignal, reason: () => Error) {
    this.#limitMs = limitMs;
    this.#endsAt = performance.now() + limitMs;
    this.#timer = setTimeout(() => this.#late.abort(reason()), limitMs);
    this.signal = AbortSignal.any([run, this.#late.signal]);
  }

  get remainingMs(): number {
    return this.#endsAt - performance.now();
  }

  /** Begins anew. */
  extend(): void {
    this.#endsAt = performance.now() + this.#limitMs;
    this.#timer.refresh();
  }

  /** From here on only the run's signal counts. */
  lift(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.lift();
  }
}
