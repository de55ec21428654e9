import { decodeFrame, encodeFrame } from "../meta/frames.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import {
  baseOffset,
  baseSequence,
  lastOffsetDelta,
  maxTimestamp,
  producerEpoch,
  producerId,
} from "../records/batch.ts";

/** Batches that a producer may have under way, and of which a copy is known when it comes again. */
const KEPT_BATCHES = 5;
/** Sequence numbers are int32; after the largest comes 0. */
const SEQUENCES = 2 ** 31;
/** Milliseconds since its last batch after which a producer is forgotten, as `producer.id.expiration.ms` of Kafka. */
const EXPIRATION = 86_400_000;
/** Producers of one partition that are remembered; beyond it those that were silent longest are forgotten early. */
const MAX_PRODUCERS = 100_000;
const SNAPSHOT_VERSION = 1;
const ENTRY_BYTES = 19;
const BATCH_BYTES = 24;

/** What is remembered of a batch. Sequences count records, from the first to the last, both included. */
interface KnownBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly timestamp: number;
}

/** Never changed, so that what an append did can be undone. */
interface ProducerEntry {
  readonly epoch: number;
  /** When it was heard of last, in milliseconds since 1970. */
  readonly time: number;
  /** Of this epoch, oldest first; one at least. */
  readonly batches: readonly KnownBatch[];
}

/** The batch that a copy of came. */
export type AppendedBefore = Pick<KnownBatch, "baseOffset" | "timestamp">;

/**
 * What one partition knows of its idempotent producers: by it a batch that comes twice is told from a new one, and one
 * that is missing is noticed. Batches are looked at by their headers. No files, no time of its own.
 */
export class Producers {
  /** By producer id; whoever was silent longest comes first. */
  readonly #entries: Map<number, ProducerEntry>;

  constructor(entries: Iterable<[number, ProducerEntry]> = []) {
    this.#entries = new Map(entries);
  }

  /**
   * Says whether a batch may be appended: undefined if so, what became of the first copy if it is there already.
   * Batches without a producer may always.
   * @throws KafkaError INVALID_PRODUCER_EPOCH or OUT_OF_ORDER_SEQUENCE_NUMBER
   */
  check(batch: Buffer): AppendedBefore | undefined {
    const entry = this.#entries.get(producerId(batch));
    if (entry === undefined) return undefined;
    const epoch = producerEpoch(batch);
    const first = baseSequence(batch);
    if (epoch < entry.epoch) {
      throw new KafkaError(
        ErrorCode.INVALID_PRODUCER_EPOCH,
        `the producer's epoch is ${epoch}; ${entry.epoch} was seen already`,
      );
    }
    if (epoch === entry.epoch) {
      const last = lastSequence(batch);
      const copied = entry.batches.find(
        (known) => known.firstSequence === first && known.lastSequence === last,
      );
      if (copied !== undefined) return copied;
    }
    const next = epoch > entry.epoch ? 0 : (lastOf(entry).lastSequence + 1) % SEQUENCES;
    if (first !== next) {
      throw new KafkaError(
        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
        `the producer's next record has the sequence ${next}, and the batch begins with ${first}`,
      );
    }
    return undefined;
  }

  /**
   * Takes note of the batch at byte `at`, whose offset is assigned: one that `check` let through, or in the order of the
   * log one that was read from it, where only the header need be there.
   * @param time milliseconds since 1970; the start of the broker for batches read from the log
   * @returns a function that undoes it; several are undone newest first
   */
  add(batch: Buffer, at: number, time: number): () => void {
    const id = producerId(batch, at);
    if (id < 0) return () => {};
    const before = this.#entries.get(id);
    const epoch = producerEpoch(batch, at);
    const known = {
      firstSequence: baseSequence(batch, at),
      lastSequence: lastSequence(batch, at),
      baseOffset: baseOffset(batch, at),
      timestamp: maxTimestamp(batch, at),
    };
    const earlier = before?.epoch === epoch ? before.batches.slice(1 - KEPT_BATCHES) : [];
    this.#put(id, { epoch, time, batches: [...earlier, known] });
    return () => this.#put(id, before);
  }

  /** Whether the batch at byte `at` is the newest of its producer, by which it is known after a restart. */
  isNewest(batch: Buffer, at: number): boolean {
    const entry = this.#entries.get(producerId(batch, at));
    return entry !== undefined && lastOf(entry).baseOffset === baseOffset(batch, at);
  }

  /** Forgets who has been silent for a day. */
  expire(now: number): void {
    for (const [id, { time }] of this.#entries) {
      if (now - time < EXPIRATION && this.#entries.size <= MAX_PRODUCERS) return;
      this.#entries.delete(id);
    }
  }

  /** All of it, with a checksum. */
  toBytes(): Buffer {
    const batches = [...this.#entries.values()].reduce((sum, entry) => sum + entry.batches.length, 0);
    const payload = Buffer.allocUnsafe(4 + this.#entries.size * ENTRY_BYTES + batches * BATCH_BYTES);
    let at = payload.writeUInt32BE(this.#entries.size, 0);
    for (const [id, { epoch, time, batches }] of this.#entries) {
      at = payload.writeBigInt64BE(BigInt(id), at);
      at = payload.writeInt16BE(epoch, at);
      at = payload.writeBigInt64BE(BigInt(time), at);
      at = payload.writeUInt8(batches.length, at);
      for (const batch of batches) {
        at = payload.writeInt32BE(batch.firstSequence, at);
        at = payload.writeInt32BE(batch.lastSequence, at);
        at = payload.writeBigInt64BE(BigInt(batch.baseOffset), at);
        at = payload.writeBigInt64BE(BigInt(batch.timestamp), at);
      }
    }
    return encodeFrame({ version: SNAPSHOT_VERSION, payload });
  }

  /** What `toBytes` wrote; undefined for anything else, where the log has to be read instead. */
  static fromBytes(bytes: Buffer): Producers | undefined {
    const decoded = decodeFrame(bytes, 0);
    if (decoded?.frame.version !== SNAPSHOT_VERSION || decoded.end !== bytes.length) return undefined;
    try {
      return new Producers(readEntries(decoded.frame.payload));
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  #put(id: number, entry: ProducerEntry | undefined): void {
    this.#entries.delete(id);
    if (entry !== undefined) this.#entries.set(id, entry);
  }
}

const lastOf = ({ batches }: ProducerEntry) => batches.at(-1) as KnownBatch;

/** By the offsets and not by the count, which is smaller where records were compacted away. */
const lastSequence = (batch: Buffer, at = 0) =>
  (baseSequence(batch, at) + lastOffsetDelta(batch, at)) % SEQUENCES;

/** @throws RangeError for bytes that end too early */
function* readEntries(payload: Buffer): Generator<[number, ProducerEntry]> {
  const count = payload.readUInt32BE(0);
  let at = 4;
  for (let index = 0; index < count; index++) {
    const id = Number(payload.readBigInt64BE(at));
    const epoch = payload.readInt16BE(at + 8);
    const time = Number(payload.readBigInt64BE(at + 10));
    const kept = payload.readUInt8(at + 18);
    if (kept === 0) throw new RangeError("a producer without batches");
    at += ENTRY_BYTES;
    const batches: KnownBatch[] = [];
    for (; batches.length < kept; at += BATCH_BYTES) {
      batches.push({
        firstSequence: payload.readInt32BE(at),
        lastSequence: payload.readInt32BE(at + 4),
        baseOffset: Number(payload.readBigInt64BE(at + 8)),
        timestamp: Number(payload.readBigInt64BE(at + 16)),
      });
    }
    yield [id, { epoch, time, batches }];
  }
}
