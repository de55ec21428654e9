/** Ids that are written down as given out at once, so that not every producer costs a write. */
const BLOCK = 1000;

/** Producer ids, each given out once in the life of the data directory. */
export class ProducerIds {
  readonly #save: (next: number) => Promise<void>;
  #next = 0;
  /** Ids below this one are on record as given out. */
  #reserved = 0;
  #reserving: Promise<void> | undefined;

  /** `save` writes down that ids below `next` may be in use, and answers when that survives a loss of power. */
  constructor(save: (next: number) => Promise<void>) {
    this.#save = save;
  }

  async next(): Promise<number> {
    while (this.#next >= this.#reserved) {
      this.#reserving ??= this.#save(this.#reserved + BLOCK).finally(() => {
        this.#reserving = undefined;
      });
      await this.#reserving;
    }
    return this.#next++;
  }

  /** Takes in what the journal says: at the start, that none below is to be given out again. */
  apply(reserved: number, { replaying }: { replaying: boolean }): void {
    if (replaying) this.#next = reserved;
    this.#reserved = reserved;
  }

  get reserved(): number {
    return this.#reserved;
  }
}
