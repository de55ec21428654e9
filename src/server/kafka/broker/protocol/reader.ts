import { MalformedError } from "./errors.ts";

/**
 * So many array elements may one message hold. An element takes a byte or two on the wire and a hundred in memory, so
 * without a limit a large frame of tiny elements would fill the memory of the process.
 */
const MAX_ELEMENTS = 1 << 18;

const TWO_32 = 2 ** 32;

/**
 * Reads the primitives of the protocol (big-endian) out of one frame. Every read checks its bounds; strings are decoded,
 * bytes are slices of the frame.
 * @throws MalformedError for a value that does not fit the frame.
 */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #elements = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Bytes that are not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#advance(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4));
  }

  /** Exact up to 2^53, which no offset, timestamp or producer id of this broker passes. */
  int64(): number {
    const at = this.#advance(8);
    return this.#bytes.readInt32BE(at) * TWO_32 + this.#bytes.readUInt32BE(at + 4);
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#advance(1)] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value >= TWO_32) break;
        return value;
      }
    }
    throw new MalformedError("a variable-length number is over 32 bits");
  }

  /** 16 bytes as 22 characters of base64url, the way in which Kafka prints ids. */
  uuid(): string {
    const at = this.#advance(16);
    return this.#bytes.toString("base64url", at, at + 16);
  }

  /** A string of a length that was read before; -1 stands for null. */
  text(length: number): string | null {
    if (length === -1) return null;
    const at = this.#advance(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** A slice of the frame, of a length that was read before; -1 stands for null. */
  slice(length: number): Buffer | null {
    if (length === -1) return null;
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Checks a count of elements against what the frame can hold; -1 stands for null. */
  count(length: number): number {
    if (length < -1 || length > this.remaining) throw new MalformedError(`an array of ${length} elements`);
    this.#elements += length;
    if (this.#elements > MAX_ELEMENTS) throw new MalformedError(`over ${MAX_ELEMENTS} elements`);
    return length;
  }

  skip(length: number): void {
    this.#advance(length);
  }

  /** @throws MalformedError where bytes are left over. */
  end(): void {
    if (this.remaining > 0) throw new MalformedError(`${this.remaining} bytes after the end of the message`);
  }

  #advance(length: number): number {
    const at = this.#at;
    if (length < 0 || length > this.#bytes.length - at) {
      throw new MalformedError(`${length} bytes wanted where ${this.#bytes.length - at} are left`);
    }
    this.#at = at + length;
    return at;
  }
}
