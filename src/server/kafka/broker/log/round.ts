import { assignLogAppendTime, assignOffset, maxTimestamp, recordCount } from "../records/batch.ts";
import type { Appended } from "../topics.ts";
import type { Producers } from "./producers.ts";
import { LARGEST_RELATIVE_OFFSET, type Segment } from "./segment.ts";

/** What a round goes by. Sizes in bytes, times in milliseconds. */
export interface RoundSettings {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  /** Whether records get the time of the append. */
  readonly logAppendTime: boolean;
}

interface RoundBatch {
  readonly bytes: Buffer;
  readonly baseOffset: number;
  readonly nextOffset: number;
}

export interface RoundOptions {
  readonly segment: Segment;
  readonly producers: Producers;
  readonly settings: RoundSettings;
  readonly leaderEpoch: number;
  readonly logStart: number;
  readonly now: number;
}

/** The batches that are written together, at the end of one segment. They get their offsets when they are placed. */
export class Round {
  readonly batches: RoundBatch[] = [];
  readonly #options: RoundOptions;
  readonly #undo: (() => void)[] = [];
  #position: number;
  #offset: number;

  constructor(options: RoundOptions) {
    this.#options = options;
    this.#position = options.segment.size;
    this.#offset = options.segment.nextOffset;
  }

  /** False where the batch has to go to the next segment. */
  hasRoomFor(batch: Buffer): boolean {
    const { segment, settings, now } = this.#options;
    if (this.#position === 0) return true;
    return (
      this.#position + batch.length <= settings.segmentBytes &&
      this.#offset + recordCount(batch) - segment.baseOffset <= LARGEST_RELATIVE_OFFSET &&
      (segment.firstAppend === 0 || now - segment.firstAppend <= settings.segmentMs)
    );
  }

  /**
   * Gives a batch its offset. A copy of one that is in the log already, or in this round, is answered as that was.
   * @throws KafkaError when it does not follow its producer's last
   */
  place(batch: Buffer): Appended {
    const { producers, settings, leaderEpoch, logStart, now } = this.#options;
    const copied = producers.check(batch);
    if (copied !== undefined) {
      const logAppendTime = settings.logAppendTime ? copied.timestamp : -1;
      return { baseOffset: copied.baseOffset, logStartOffset: logStart, logAppendTime };
    }
    const baseOffset = this.#offset;
    assignOffset(batch, baseOffset, leaderEpoch);
    if (settings.logAppendTime) assignLogAppendTime(batch, now);
    this.#undo.push(producers.add(batch, 0, now));
    this.#offset += recordCount(batch);
    this.#position += batch.length;
    this.batches.push({ bytes: batch, baseOffset, nextOffset: this.#offset });
    return {
      baseOffset,
      logStartOffset: logStart,
      logAppendTime: settings.logAppendTime ? maxTimestamp(batch) : -1,
    };
  }

  /** Forgets what producers sent in it: it was not written. */
  undo(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}
