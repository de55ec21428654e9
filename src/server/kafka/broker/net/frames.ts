import { MalformedError } from "../protocol/errors.ts";

const SIZE = 4;

/**
 * Cuts a stream into frames (an int32 size, then so many bytes). Chunks are kept as they come and joined once, when their
 * frame is complete; a frame inside one chunk is a slice of it.
 */
export class FrameReader {
  readonly #minimum: number;
  #chunks: Buffer[] = [];
  #buffered = 0;

  /** @param minimum size below which a frame is none */
  constructor(minimum: number) {
    this.#minimum = minimum;
  }

  /** Bytes that wait for the rest of their frame, or for `next`. */
  get buffered(): number {
    return this.#buffered;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  /**
   * Size of the frame that comes next, or undefined before its first four bytes are here.
   * @param limit largest size to accept
   * @throws MalformedError for a size that no frame may have.
   */
  size(limit: number): number | undefined {
    if (this.#buffered < SIZE) return undefined;
    const size = this.#head().readInt32BE(0);
    if (size < this.#minimum || size > limit) throw new MalformedError(`a frame of ${size} bytes`);
    return size;
  }

  /** The next frame without its size; call when `size` bytes and its own four are buffered. */
  take(size: number): Buffer {
    const whole = SIZE + size;
    this.#buffered -= whole;
    const first = this.#chunks[0] as Buffer;
    if (first.length >= whole) {
      if (first.length === whole) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(whole);
      return first.subarray(SIZE, whole);
    }
    const joined = Buffer.allocUnsafe(whole);
    let filled = 0;
    let used = 0;
    for (const chunk of this.#chunks) {
      const part = Math.min(chunk.length, whole - filled);
      chunk.copy(joined, filled, 0, part);
      filled += part;
      if (part < chunk.length) {
        this.#chunks[used] = chunk.subarray(part);
        break;
      }
      used++;
    }
    this.#chunks.splice(0, used);
    return joined.subarray(SIZE);
  }

  clear(): void {
    this.#chunks = [];
    this.#buffered = 0;
  }

  /** The first chunk, with at least the size in it: the four bytes may come one by one. */
  #head(): Buffer {
    while ((this.#chunks[0] as Buffer).length < SIZE) {
      const [first, second, ...rest] = this.#chunks as [Buffer, Buffer, ...Buffer[]];
      this.#chunks = [Buffer.concat([first, second]), ...rest];
    }
    return this.#chunks[0] as Buffer;
  }
}
