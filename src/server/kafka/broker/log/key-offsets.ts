import { hash } from "node:crypto";

/** Most slots of a table: it takes 24 bytes for each, 50 MB at the most. */
const MOST_SLOTS = 1 << 21;
const FEWEST_SLOTS = 1 << 10;
/** Of a slot's digest. Longer than what two keys can be made to share. */
const WORDS = 4;
/** Beyond this share of full slots a search takes too many steps. */
const FULL = 0.75;

/** Where each key was seen last: an open table of digests, since the keys themselves have any size. Keys are never removed. */
export class KeyOffsets {
  readonly #slots: number;
  readonly #digests: Uint32Array;
  /** -1 for a slot that is free. */
  readonly #offsets: Float64Array;
  #size = 0;

  /** @param keys how many there will be at the most; the table may be made for fewer, see `room` */
  constructor(keys: number) {
    this.#slots = Math.min(MOST_SLOTS, Math.max(FEWEST_SLOTS, Math.ceil(keys / FULL)));
    this.#digests = new Uint32Array(this.#slots * WORDS);
    this.#offsets = new Float64Array(this.#slots).fill(-1);
  }

  /** Keys that can be added. */
  get room(): number {
    return Math.floor(this.#slots * FULL) - this.#size;
  }

  /** Offsets of a key are set in their order. */
  set(key: Buffer, offset: number): void {
    const digest = digestOf(key);
    const slot = this.#find(digest);
    if ((this.#offsets[slot] as number) < 0) {
      this.#digests.set(digest, slot * WORDS);
      this.#size++;
    }
    this.#offsets[slot] = offset;
  }

  /** -1 for a key that was not set. */
  get(key: Buffer): number {
    return this.#offsets[this.#find(digestOf(key))] as number;
  }

  /** The slot that holds the digest, or where it belongs. */
  #find(digest: Uint32Array): number {
    let slot = (digest[0] as number) % this.#slots;
    while ((this.#offsets[slot] as number) >= 0 && !this.#holds(slot, digest))
      slot = (slot + 1) % this.#slots;
    return slot;
  }

  #holds(slot: number, digest: Uint32Array): boolean {
    const at = slot * WORDS;
    return digest.every((word, index) => this.#digests[at + index] === word);
  }
}

function digestOf(key: Buffer): Uint32Array {
  const digest = hash("sha256", key, "buffer");
  return Uint32Array.from({ length: WORDS }, (_, index) => digest.readUInt32LE(4 * index));
}
