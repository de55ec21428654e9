/**
 * The memory that requests of all connections may hold together. A connection asks for a frame's bytes before it reads
 * them and waits its turn, first come, first served; so no number of connections fills the memory of the process.
 */
export class MemoryBudget {
  #free: number;
  readonly #waiting = new Set<{ readonly bytes: number; readonly grant: () => void }>();

  /** @param limit bytes; at least the largest frame, which could never be granted otherwise */
  constructor(limit: number) {
    this.#free = limit;
  }

  /** Bytes that nobody holds; below zero when more came than there was. */
  get free(): number {
    return this.#free;
  }

  /** Takes bytes at once if they are there and nobody waits for some. */
  take(bytes: number): boolean {
    if (this.#waiting.size > 0 || this.#free < bytes) return false;
    this.#free -= bytes;
    return true;
  }

  /** Accounts for bytes that are in memory already. */
  force(bytes: number): void {
    this.#free -= bytes;
  }

  /** Calls `grant` when the bytes are taken. @returns a function that stops waiting. */
  wait(bytes: number, grant: () => void): () => void {
    const entry = { bytes, grant };
    this.#waiting.add(entry);
    return () => {
      if (this.#waiting.delete(entry)) this.#serve();
    };
  }

  release(bytes: number): void {
    this.#free += bytes;
    this.#serve();
  }

  #serve(): void {
    for (const entry of this.#waiting) {
      if (this.#free < entry.bytes) return;
      this.#waiting.delete(entry);
      this.#free -= entry.bytes;
      entry.grant();
    }
  }
}
