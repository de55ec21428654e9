import { crc32c } from "../records/crc32c.ts";

/** What is known of a segment beside where its batches stand. */
export interface SegmentFacts {
  /** Bytes of the log file that the index is about. */
  readonly size: number;
  /** The offset after the last record. */
  readonly nextOffset: number;
  /** Of all records, in milliseconds; -1 where none has a time. */
  readonly maxTimestamp: number;
  /** When the first and the last batch were appended, in milliseconds. */
  readonly firstAppend: number;
  readonly lastAppend: number;
}

const MAGIC = 0x706c6978; // "plix"
const VERSION = 1;
const HEADER_BYTES = 64;
const ENTRY_BYTES = 16;

/**
 * Where some of a segment's batches stand, and how the time had risen until there: sparse, sorted, rebuilt from the log when
 * it is lost. On disk a header of 64 bytes (u32 magic, u16 version, u16 unused, u32 entries, u32 CRC-32C of the entries, i64
 * size, next offset, largest timestamp, first and last append, u32 unused, u32 CRC-32C of the header), then the entries (u32
 * relative offset, u32 position, i64 largest timestamp of all batches before), all big-endian.
 */
export class SegmentIndex {
  #offsets = new Uint32Array(4);
  #positions = new Uint32Array(4);
  #timesBefore = new Float64Array(4);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Position of the last batch that has an entry; 0 where there is none. */
  get lastPosition(): number {
    return this.#length === 0 ? 0 : (this.#positions[this.#length - 1] as number);
  }

  /** @param timeBefore the largest timestamp of the batches before this one; -1 where there are none */
  add(relativeOffset: number, position: number, timeBefore: number): void {
    if (this.#length === this.#offsets.length) this.#grow();
    this.#offsets[this.#length] = relativeOffset;
    this.#positions[this.#length] = position;
    this.#timesBefore[this.#length] = timeBefore;
    this.#length++;
  }

  /** Where to begin to look for the batch that holds an offset. */
  positionOf(relativeOffset: number): number {
    return this.#positionBefore((entry) => (this.#offsets[entry] as number) <= relativeOffset);
  }

  /** Where to begin to look for the first batch with a timestamp of at least `time`. */
  positionOfTime(time: number): number {
    return this.#positionBefore((entry) => (this.#timesBefore[entry] as number) < time);
  }

  encode(facts: SegmentFacts): Buffer {
    const bytes = Buffer.alloc(HEADER_BYTES + this.#length * ENTRY_BYTES);
    for (let entry = 0; entry < this.#length; entry++) {
      const at = HEADER_BYTES + entry * ENTRY_BYTES;
      bytes.writeUInt32BE(this.#offsets[entry] as number, at);
      bytes.writeUInt32BE(this.#positions[entry] as number, at + 4);
      bytes.writeBigInt64BE(BigInt(this.#timesBefore[entry] as number), at + 8);
    }
    bytes.writeUInt32BE(MAGIC, 0);
    bytes.writeUInt16BE(VERSION, 4);
    bytes.writeUInt32BE(this.#length, 8);
    bytes.writeUInt32BE(crc32c(bytes, HEADER_BYTES), 12);
    const { size, nextOffset, maxTimestamp, firstAppend, lastAppend } = facts;
    for (const [index, value] of [size, nextOffset, maxTimestamp, firstAppend, lastAppend].entries()) {
      bytes.writeBigInt64BE(BigInt(value), 16 + 8 * index);
    }
    bytes.writeUInt32BE(crc32c(bytes, 0, HEADER_BYTES - 4), HEADER_BYTES - 4);
    return bytes;
  }

  /** @returns undefined for anything but a whole index of a log file of that size */
  static decode(bytes: Buffer, logSize: number): { index: SegmentIndex; facts: SegmentFacts } | undefined {
    const facts = decodeFacts(bytes, logSize);
    if (facts === undefined) return undefined;
    const entries = bytes.readUInt32BE(8);
    if (bytes.length !== HEADER_BYTES + entries * ENTRY_BYTES) return undefined;
    if (bytes.readUInt32BE(12) !== crc32c(bytes, HEADER_BYTES)) return undefined;
    const index = new SegmentIndex();
    for (let at = HEADER_BYTES; at < bytes.length; at += ENTRY_BYTES) {
      index.add(bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4), Number(bytes.readBigInt64BE(at + 8)));
    }
    return { index, facts };
  }

  /** Position of the last entry of those for which `holds` is true, which come first. */
  #positionBefore(holds: (entry: number) => boolean): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(middle)) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : (this.#positions[low - 1] as number);
  }

  #grow(): void {
    const size = this.#offsets.length * 2;
    const grown = { offsets: new Uint32Array(size), positions: new Uint32Array(size) };
    grown.offsets.set(this.#offsets);
    grown.positions.set(this.#positions);
    const times = new Float64Array(size);
    times.set(this.#timesBefore);
    this.#offsets = grown.offsets;
    this.#positions = grown.positions;
    this.#timesBefore = times;
  }
}

/** What an index says of its log, from its first 64 bytes; undefined where they are damaged or about another size. */
export function decodeFacts(bytes: Buffer, logSize: number): SegmentFacts | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  if (bytes.readUInt32BE(0) !== MAGIC || bytes.readUInt16BE(4) !== VERSION) return undefined;
  if (bytes.readUInt32BE(HEADER_BYTES - 4) !== crc32c(bytes, 0, HEADER_BYTES - 4)) return undefined;
  const value = (index: number) => Number(bytes.readBigInt64BE(16 + 8 * index));
  const facts = {
    size: value(0),
    nextOffset: value(1),
    maxTimestamp: value(2),
    firstAppend: value(3),
    lastAppend: value(4),
  };
  return facts.size === logSize ? facts : undefined;
}

export const INDEX_HEADER_BYTES = HEADER_BYTES;
