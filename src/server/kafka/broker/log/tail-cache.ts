import type { ReadLimits } from "./reader.ts";

/** What a batch takes beside its bytes, about. */
const OVERHEAD = 200;

interface CachedBatch {
  readonly tail: PartitionTail;
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly bytes: Buffer;
  /** Bytes of the partition that were cached before it, since it was opened. */
  readonly before: number;
}

/** The newest batches of all partitions together, since most consumers read what was just written. First in, first out. */
export class TailCache {
  readonly #limit: number;
  readonly #batches = new Queue<CachedBatch>();
  #size = 0;

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(batch: CachedBatch): void {
    this.#batches.push(batch);
    this.#size += batch.bytes.length + OVERHEAD;
    while (this.#size > this.#limit) {
      const oldest = this.#batches.shift();
      if (oldest === undefined) return;
      this.#size -= oldest.bytes.length + OVERHEAD;
      oldest.tail.dropOldest();
    }
  }
}

/** The newest batches of one partition, without a gap until its end. */
export class PartitionTail {
  readonly #cache: TailCache;
  readonly #batches = new Queue<CachedBatch>();
  /** Bytes that were ever added. */
  #added = 0;
  /** What is before it has to be read from the files. */
  #from = 0;

  constructor(cache: TailCache) {
    this.#cache = cache;
  }

  /** Takes in what was appended at the end. A batch that is a small part of a larger piece of memory is copied out of it. */
  add(baseOffset: number, nextOffset: number, batch: Buffer): void {
    const bytes = batch.buffer.byteLength > 2 * batch.length ? Buffer.from(batch) : batch;
    const cached = { tail: this, baseOffset, nextOffset, bytes, before: this.#added };
    this.#added += bytes.length;
    this.#batches.push(cached);
    this.#cache.add(cached);
  }

  /** Batches up to this offset are no longer what the files hold. */
  forgetBefore(offset: number): void {
    this.#from = offset;
  }

  /** The oldest batch went out of the cache. */
  dropOldest(): void {
    this.#batches.shift();
  }

  /**
   * Whole batches from the one that holds `offset` on.
   * @returns undefined where that one is not cached
   */
  read(offset: number, { maxBytes, atLeastOne }: ReadLimits): Buffer[] | undefined {
    const first = this.#find(offset);
    if (first === undefined) return undefined;
    const found: Buffer[] = [];
    let left = maxBytes;
    for (let index = first; index < this.#batches.length; index++) {
      const { bytes } = this.#batches.at(index) as CachedBatch;
      if (bytes.length > left && !(atLeastOne && found.length === 0)) break;
      found.push(bytes);
      left -= bytes.length;
    }
    return found;
  }

  /** Bytes from the batch that holds `offset` to the end; undefined where that one is not cached. */
  bytesFrom(offset: number): number | undefined {
    const first = this.#find(offset);
    return first === undefined ? undefined : this.#added - (this.#batches.at(first) as CachedBatch).before;
  }

  #find(offset: number): number | undefined {
    const first = this.#batches.at(0);
    if (first === undefined || offset < Math.max(first.baseOffset, this.#from)) return undefined;
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#batches.at(middle) as CachedBatch).nextOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return low < this.#batches.length ? low : undefined;
  }
}

/** First in, first out, without moving what is left at each step. */
class Queue<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  at(index: number): Item | undefined {
    return this.#items[this.#head + index];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    const item = this.#items[this.#head];
    if (this.#head < this.#items.length) this.#items[this.#head++] = undefined;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
