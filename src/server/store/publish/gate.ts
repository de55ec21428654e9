/**
 * Lets writers of blobs run side by side, and a remover of blobs alone: between storing a blob and committing the row
 * that refers to it, nobody may take it for garbage.
 */
export class BlobGate {
  readonly #writers = new Set<Promise<unknown>>();
  #remover: Promise<void> = Promise.resolve();

  async write<Result>(run: () => Promise<Result>): Promise<Result> {
    for (let seen: Promise<void> | undefined; seen !== this.#remover; ) {
      seen = this.#remover;
      await seen;
    }
    const running = run();
    this.#writers.add(running);
    try {
      return await running;
    } finally {
      this.#writers.delete(running);
    }
  }

  async remove(run: () => Promise<void>): Promise<void> {
    const previous = this.#remover;
    const running = (async () => {
      await previous;
      await Promise.allSettled(this.#writers);
      await run();
    })();
    this.#remover = running.catch(() => {});
    await running;
  }
}
