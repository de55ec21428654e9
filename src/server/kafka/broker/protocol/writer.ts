const CHUNK = 1024;
const TWO_32 = 2 ** 32;
const TWO_63 = 2 ** 63;

/** Buffers of this size and more are handed on as they are; smaller ones are copied, which is cheaper. */
const BY_REFERENCE = 2048;

/**
 * Writes the primitives of the protocol (big-endian) into a list of buffers for one `writev`. Large byte fields, which is
 * to say records, enter the list by reference and are never copied.
 */
export class Writer {
  readonly #done: Buffer[] = [];
  #chunk = Buffer.allocUnsafe(CHUNK);
  /** Where the part of the chunk begins that is not in the list yet. */
  #from = 0;
  #at = 0;
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  int8(value: number): void {
    const at = this.#advance(1);
    this.#chunk.writeInt8(value, at);
  }

  int16(value: number): void {
    const at = this.#advance(2);
    this.#chunk.writeInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.#advance(4);
    this.#chunk.writeInt32BE(value, at);
  }

  /** A whole number; what lies beyond the range of 64 bits becomes the nearest that does not. */
  int64(value: number): void {
    const at = this.#advance(8);
    const clamped = value >= TWO_63 ? TWO_63 - 1024 : Math.max(value, -TWO_63);
    const high = Math.floor(clamped / TWO_32);
    this.#chunk.writeInt32BE(high, at);
    this.#chunk.writeUInt32BE(value >= TWO_63 ? 0xffffffff : clamped - high * TWO_32, at + 4);
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  uvarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.int8(((rest % 0x80) | 0x80) - 0x100);
      rest = Math.floor(rest / 0x80);
    }
    this.int8(rest);
  }

  /** 22 characters of base64url as 16 bytes. */
  uuid(value: string): void {
    const at = this.#advance(16);
    const written = this.#chunk.write(value, at, 16, "base64url");
    if (written !== 16) throw new TypeError(`no uuid: ${value}`);
  }

  /** The bytes of a string whose length in UTF-8 was written before. */
  text(value: string, length: number): void {
    const at = this.#advance(length);
    this.#chunk.write(value, at, length, "utf8");
  }

  bytes(value: Buffer): void {
    if (value.length < BY_REFERENCE) {
      const at = this.#advance(value.length);
      value.copy(this.#chunk, at);
      return;
    }
    this.#flush();
    this.#done.push(value);
    this.#length += value.length;
  }

  /** Everything that another writer holds. */
  append(other: Writer): void {
    for (const part of other.finish()) this.bytes(part);
  }

  /** The list of buffers. The writer is of no use afterwards. */
  finish(): Buffer[] {
    this.#flush();
    return this.#done;
  }

  /** Makes room. The chunk may be another one afterwards, so it must not be named before. */
  #advance(length: number): number {
    if (this.#at + length > this.#chunk.length) {
      this.#flush();
      this.#chunk = Buffer.allocUnsafe(Math.max(length, Math.min(2 * this.#chunk.length, 64 * CHUNK)));
      this.#from = 0;
      this.#at = 0;
    }
    const at = this.#at;
    this.#at = at + length;
    this.#length += length;
    return at;
  }

  #flush(): void {
    if (this.#at === this.#from) return;
    this.#done.push(this.#chunk.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }
}
