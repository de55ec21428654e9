/** Since which offset records are of an epoch. */
export interface EpochStart {
  readonly epoch: number;
  readonly offset: number;
}

/** Which part of a log was written in which leader epoch, so that a client can tell whether a part it has was cut. */
export class Epochs {
  #starts: EpochStart[];

  constructor(starts: readonly EpochStart[]) {
    this.#starts = [...starts];
  }

  get starts(): readonly EpochStart[] {
    return this.#starts;
  }

  /** The last epoch that something was written in; -1 before. */
  get last(): number {
    return this.#starts.at(-1)?.epoch ?? -1;
  }

  /** The epoch of the record at `offset`; -1 where none is known. */
  at(offset: number): number {
    return this.#starts.findLast((start) => start.offset <= offset)?.epoch ?? -1;
  }

  /** @returns whether that was new */
  add(epoch: number, offset: number): boolean {
    if (epoch <= this.last) return false;
    this.#starts.push({ epoch, offset });
    return true;
  }

  /** Forgets what begins at or after `offset`: the log was cut there. */
  cutFrom(offset: number): void {
    this.#starts = this.#starts.filter((start) => start.offset < offset);
  }

  /** Forgets what ends before `offset`: the log begins there now. */
  cutBefore(offset: number): void {
    const kept = this.#starts.filter((_, index) => (this.#starts[index + 1]?.offset ?? Infinity) > offset);
    this.#starts = kept.map(({ epoch, offset: start }) => ({ epoch, offset: Math.max(start, offset) }));
  }

  /**
   * The largest epoch up to `epoch`, and where it ends. Before the first that is known, the asked one ends where that begins.
   * -1 and -1 for one that is yet to come.
   */
  endOf(epoch: number, current: number, logEnd: number): { epoch: number; endOffset: number } {
    if (epoch < 0 || epoch > current) return { epoch: -1, endOffset: -1 };
    const next = this.#starts.findIndex((start) => start.epoch > epoch);
    const endOffset = next === -1 ? logEnd : (this.#starts[next] as EpochStart).offset;
    const found = this.#starts[(next === -1 ? this.#starts.length : next) - 1];
    return { epoch: epoch === current ? epoch : (found?.epoch ?? epoch), endOffset };
  }
}
