import { MalformedError } from "../protocol/errors.ts";

/** Bytes that say how long the frame is, before it. */
export const FRAME_HEAD = 4;

/**
 * Cuts a stream into frames (an int32 size, then so many bytes). A frame inside one chunk is a slice of it; the bytes of a
 * larger one are copied once, as they come, so that a client gains nothing by sending them one by one.
 */
export class FrameReader {
  #chunks: Buffer[] = [];
  /** Bytes in the chunks. */
  #waiting = 0;
  /** The frame that is being put together. */
  #gathered: Buffer | undefined;
  #filled = 0;

  /** True when nothing is left of what was pushed. */
  get isEmpty(): boolean {
    return this.#waiting === 0 && this.#gathered === undefined;
  }

  push(chunk: Buffer): void {
    const rest = this.#gathered === undefined ? chunk : this.#fill(this.#gathered, chunk);
    if (rest.length === 0) return;
    this.#chunks.push(rest);
    this.#waiting += rest.length;
  }

  /**
   * Size of the frame that comes next, or undefined before its first four bytes are here.
   * @param limit largest size to accept
   * @throws MalformedError for a size that no frame may have.
   */
  size(limit: number): number | undefined {
    if (this.#gathered !== undefined) return this.#gathered.length;
    if (this.#waiting < FRAME_HEAD) return undefined;
    const size = this.#head().readInt32BE(0);
    if (size < 0 || size > limit) throw new MalformedError(`a frame of ${size} bytes`);
    return size;
  }

  /** Whether all of a frame is here whose size is known. */
  has(size: number): boolean {
    return this.#gathered === undefined ? this.#waiting >= FRAME_HEAD + size : this.#filled === size;
  }

  /** Makes room for a frame that is not here yet. */
  gather(size: number): void {
    const frame = Buffer.allocUnsafe(size);
    this.#gathered = frame;
    this.#filled = 0;
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#waiting = 0;
    chunks[0] = (chunks[0] as Buffer).subarray(FRAME_HEAD);
    for (const chunk of chunks) this.push(chunk);
  }

  /** The next frame; call when `has(size)`. */
  take(size: number): Buffer {
    const whole = FRAME_HEAD + size;
    const first = this.#chunks[0];
    if (this.#gathered === undefined && first !== undefined && first.length >= whole) {
      this.#waiting -= whole;
      if (first.length === whole) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(whole);
      return first.subarray(FRAME_HEAD, whole);
    }
    if (this.#gathered === undefined) this.gather(size);
    const frame = this.#gathered as unknown as Buffer;
    this.#gathered = undefined;
    return frame;
  }

  clear(): void {
    this.#chunks = [];
    this.#waiting = 0;
    this.#gathered = undefined;
  }

  /** Copies what belongs to the frame. @returns the rest */
  #fill(frame: Buffer, chunk: Buffer): Buffer {
    const copied = chunk.copy(frame, this.#filled);
    this.#filled += copied;
    return chunk.subarray(copied);
  }

  /** The first chunk, with at least the size in it: the four bytes may come one by one. */
  #head(): Buffer {
    let head = this.#chunks[0] as Buffer;
    while (head.length < FRAME_HEAD) {
      head = Buffer.concat(this.#chunks.splice(0, 2));
      this.#chunks.unshift(head);
    }
    return head;
  }
}
