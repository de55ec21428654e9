import { expect } from "vitest";

/** What producers and consumers were told, held against what is true later. */
export class Ledger {
  /** Faults that were met on the way; there may be none. */
  readonly faults: string[] = [];
  /** Keys by offset, of acknowledged records, a map a partition. */
  readonly #acked: Map<number, string>[];
  /** Keys by offset, of records that a group read, a map a partition. */
  readonly #read = new Map<string, Map<number, string>[]>();
  /** The highest offset that was acknowledged as committed, by group and partition. */
  readonly #committed = new Map<string, number[]>();
  #acks = 0;

  constructor(partitions: number) {
    this.#acked = Array.from({ length: partitions }, () => new Map());
  }

  /** Records that were acknowledged so far. */
  get acks(): number {
    return this.#acks;
  }

  acked(partition: number, key: string, offset: number): void {
    this.#acks++;
    const before = this.#acked[partition]?.get(offset);
    if (before !== undefined) this.faults.push(`${before} and ${key} were both acknowledged at ${offset}`);
    this.#acked[partition]?.set(offset, key);
  }

  read(group: string, partition: number, offset: number, key: string): void {
    const read = this.#readBy(group)[partition];
    const before = read?.get(offset);
    if (before !== undefined && before !== key) {
      this.faults.push(`partition ${partition} had ${before} at ${offset}, and has ${key}`);
    }
    read?.set(offset, key);
  }

  committed(group: string, partition: number, offset: number): void {
    const offsets = this.#committed.get(group) ?? [];
    offsets[partition] = Math.max(offsets[partition] ?? 0, offset);
    this.#committed.set(group, offsets);
  }

  /** What groups know to be committed at this moment. */
  committedNow(): Map<string, number[]> {
    return new Map([...this.#committed].map(([group, offsets]) => [group, [...offsets]]));
  }

  /**
   * Holds all that was told against the whole of a partition.
   * @param keys of all its records, by offset
   */
  check(partition: number, keys: readonly string[]): void {
    for (const [offset, key] of this.#acked[partition] ?? []) {
      if (keys[offset] !== key)
        this.faults.push(`${key} was acknowledged at ${offset}; there is ${keys[offset]}`);
    }
    for (const [group, read] of this.#read) {
      for (const [offset, key] of read[partition] ?? []) {
        if (keys[offset] !== key) {
          this.faults.push(`${group} read ${key} at ${offset}; there is ${keys[offset]}`);
        }
      }
    }
    const next = new Map<string, number>();
    for (const key of keys) {
      const [producer = "", number] = key.split("-");
      const expected = next.get(producer) ?? 0;
      if (Number(number) !== expected) this.faults.push(`after ${producer}-${expected - 1} comes ${key}`);
      next.set(producer, Number(number) + 1);
    }
  }

  /** Whether a group has read all of a partition up to its end. */
  hasReadAll(group: string, partition: number, end: number): boolean {
    return this.#readBy(group)[partition]?.size === end;
  }

  expectNoFaults(): void {
    expect(this.faults.slice(0, 10)).toEqual([]);
  }

  #readBy(group: string): Map<number, string>[] {
    const read = this.#read.get(group) ?? this.#acked.map(() => new Map<number, string>());
    this.#read.set(group, read);
    return read;
  }
}
