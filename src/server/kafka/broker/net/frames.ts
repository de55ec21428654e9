import { MalformedError } from "../protocol/errors.ts";

/** Bytes that say how long the frame is, before it. */
const HEAD = 4;

/** Chunks below this size that continue a frame are copied together. */
const SMALL = 4_096;
const BLOCK = 4 * SMALL;

/**
 * Cuts a stream into frames (an int32 size, then so many bytes). Chunks are kept as they come and joined once, when their
 * frame is complete; a frame inside one chunk is a slice of it. Memory follows the bytes that came, not the size that was
 * announced nor the number of chunks.
 */
export class FrameReader {
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** Where small chunks are copied to, from `#used` on. */
  #block = Buffer.alloc(0);
  #used = 0;
  /** Start of the last chunk in the block, if it is there and may grow. */
  #growing: number | undefined;

  /** True when nothing is left of what was pushed. */
  get isEmpty(): boolean {
    return this.#buffered === 0;
  }

  push(chunk: Buffer): void {
    const continues = this.#buffered > 0;
    this.#buffered += chunk.length;
    if (continues && chunk.length < SMALL) {
      this.#append(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#growing = undefined;
  }

  /**
   * Size of the frame that comes next, or undefined before its first four bytes are here.
   * @param limit largest size to accept
   * @throws MalformedError for a size that no frame may have.
   */
  size(limit: number): number | undefined {
    if (this.#buffered < HEAD) return undefined;
    const size = this.#head().readInt32BE(0);
    if (size < 0 || size > limit) throw new MalformedError(`a frame of ${size} bytes`);
    return size;
  }

  /** Whether all of a frame is here whose size is known. */
  has(size: number): boolean {
    return this.#buffered >= HEAD + size;
  }

  /** The next frame; call when `has(size)`. */
  take(size: number): Buffer {
    const whole = HEAD + size;
    this.#buffered -= whole;
    const first = this.#chunks[0] as Buffer;
    const frame = first.length >= whole ? first.subarray(0, whole) : this.#join(whole);
    this.#drop(whole);
    return frame.subarray(HEAD);
  }

  clear(): void {
    this.#chunks = [];
    this.#buffered = 0;
    this.#growing = undefined;
  }

  #append(chunk: Buffer): void {
    if (this.#block.length - this.#used < chunk.length) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK);
      this.#used = 0;
      this.#growing = undefined;
    }
    if (this.#growing === undefined) this.#growing = this.#used;
    else this.#chunks.pop();
    this.#used += chunk.copy(this.#block, this.#used);
    this.#chunks.push(this.#block.subarray(this.#growing, this.#used));
  }

  /** The first bytes of all chunks, copied together. */
  #join(length: number): Buffer {
    const joined = Buffer.allocUnsafe(length);
    let filled = 0;
    for (const chunk of this.#chunks) {
      filled += chunk.copy(joined, filled);
      if (filled === length) break;
    }
    return joined;
  }

  /** Forgets the first bytes of all chunks. */
  #drop(length: number): void {
    let left = length;
    let whole = 0;
    for (const chunk of this.#chunks) {
      if (chunk.length > left) break;
      left -= chunk.length;
      whole++;
    }
    this.#chunks.splice(0, whole);
    const [first] = this.#chunks;
    if (first !== undefined) this.#chunks[0] = first.subarray(left);
    // The last chunk may have lost its start.
    this.#growing = undefined;
  }

  /** The first chunk, with at least the size in it: the four bytes may come one by one. */
  #head(): Buffer {
    let head = this.#chunks[0] as Buffer;
    while (head.length < HEAD) {
      head = Buffer.concat(this.#chunks.splice(0, 2));
      this.#chunks.unshift(head);
      this.#growing = undefined;
    }
    return head;
  }
}
