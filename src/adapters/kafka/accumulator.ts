import { setTimeout as sleep } from "node:timers/promises";
import { notFoundError, PlugctlError, toPlugctlError } from "../../core/errors.ts";
import type { NewMessage, ProduceProgress, ProduceSummary } from "../../core/kafka/messages.ts";
import type { BatchProducer } from "./port.ts";

/** A batch is sent when it has so many messages or bytes, or is so old (in ms); so many are under way at a time. */
export const BATCH = { messages: 1_000, bytes: 512 * 1024, milliseconds: 5, underWay: 4 } as const;
/** What a message costs beside its key, value and headers, at most about. */
const OVERHEAD = 32;
/** For what is under way when the run is interrupted, in milliseconds. */
const INTERRUPTION_PATIENCE = 3_000;

export interface AccumulatorOptions {
  topic: string;
  signal: AbortSignal;
  /** How long what is under way may take after a failure, in ms. */
  timeoutMs: number;
  /** Called now and then with how many are acknowledged. */
  onProgress: (acknowledged: number) => void;
}

type Written = ProduceSummary["partitions"][number];

interface Batch {
  messages: NewMessage[];
  bytes: number;
  /** Of the first message, counted over the whole input: those of a batch ascend. */
  firstIndex: number;
}

/** Gathers messages into batches, a partition each, and keeps count of what is certainly written. */
class Accumulator {
  readonly #producer: BatchProducer;
  readonly #options: AccumulatorOptions;
  readonly #known: ReadonlySet<number>;
  readonly #gathering = new Map<number, Batch>();
  /** Handed to the producer, and not acknowledged: those that failed stay here. */
  readonly #unacknowledged = new Set<Batch>();
  readonly #written = new Map<number, Written>();
  #underWay = 0;
  #sticky: number;
  #taken = 0;
  #acknowledged = 0;
  #bytes = 0;
  #failure: PlugctlError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wake: () => void = () => {};

  constructor(producer: BatchProducer, options: AccumulatorOptions) {
    this.#producer = producer;
    this.#options = options;
    this.#known = new Set(producer.partitions);
    this.#sticky = Math.floor(Math.random() * producer.partitions.length);
  }

  /** Takes messages; waits while as much is under way as may be. @throws what failed, of these or of earlier ones. */
  async add(messages: readonly NewMessage[]): Promise<void> {
    for (const message of messages) {
      if (this.#failure !== undefined) throw this.#failure;
      const partition = this.#partitionOf(message);
      const bytes = sizeOf(message);
      const present = this.#gathering.get(partition);
      if (present !== undefined && present.bytes + bytes > BATCH.bytes) await this.#send(partition);
      const batch = this.#gathering.get(partition) ?? this.#newBatch(partition);
      batch.messages.push(message);
      batch.bytes += bytes;
      this.#taken += 1;
      if (batch.messages.length >= BATCH.messages) await this.#send(partition);
    }
  }

  /** Sends what there is and waits for all of it. @throws what failed. */
  async finish(): Promise<void> {
    for (const partition of [...this.#gathering.keys()]) await this.#send(partition);
    while (this.#underWay > 0) await this.#change();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Sends nothing more, and waits for what is under way for as long as `milliseconds`. */
  async abandon(milliseconds: number): Promise<void> {
    clearTimeout(this.#timer);
    const patience = sleep(milliseconds, "over", { ref: false });
    while (this.#underWay > 0 && (await Promise.race([this.#change(), patience])) !== "over") {}
  }

  progress(): ProduceProgress {
    const open = [...this.#unacknowledged, ...this.#gathering.values()].map(({ firstIndex }) => firstIndex);
    return { certain: Math.min(this.#taken, ...open), acknowledged: this.#acknowledged, taken: this.#taken };
  }

  summary(): Pick<ProduceSummary, "messages" | "bytes" | "partitions"> {
    const partitions = [...this.#written.values()].sort((a, b) => a.partition - b.partition);
    return { messages: this.#acknowledged, bytes: this.#bytes, partitions };
  }

  #newBatch(partition: number): Batch {
    const batch: Batch = { messages: [], bytes: 0, firstIndex: this.#taken };
    this.#gathering.set(partition, batch);
    this.#timer ??= setTimeout(() => this.#tick(), BATCH.milliseconds);
    return batch;
  }

  /** Sends what has waited for long enough; what finds no place now, the next time. */
  #tick(): void {
    this.#timer = undefined;
    for (const partition of [...this.#gathering.keys()]) {
      if (this.#underWay < BATCH.underWay) this.#dispatch(partition);
    }
    if (this.#gathering.size > 0) this.#timer = setTimeout(() => this.#tick(), BATCH.milliseconds);
  }

  /** By what the message says, by its key, or all to one partition until a batch is sent. */
  #partitionOf({ partition, key }: NewMessage): number {
    if (partition === undefined) {
      return key === null ? (this.#producer.partitions[this.#sticky] ?? 0) : this.#producer.partitionFor(key);
    }
    if (this.#known.has(partition)) return partition;
    throw notFoundError(`topic "${this.#options.topic}" has no partition ${partition}`, {
      hint: `it has the partitions 0 to ${this.#producer.partitions.length - 1}`,
    });
  }

  async #send(partition: number): Promise<void> {
    while (this.#underWay >= BATCH.underWay) await this.#change();
    if (this.#failure !== undefined) throw this.#failure;
    this.#dispatch(partition);
  }

  #dispatch(partition: number): void {
    const batch = this.#gathering.get(partition);
    if (batch === undefined || this.#failure !== undefined) return;
    this.#gathering.delete(partition);
    if (this.#producer.partitions[this.#sticky] === partition) {
      this.#sticky = (this.#sticky + 1) % this.#producer.partitions.length;
    }
    this.#unacknowledged.add(batch);
    this.#underWay += 1;
    this.#producer.produceBatch(partition, batch.messages).then(
      (offset) => {
        this.#underWay -= 1;
        this.#unacknowledged.delete(batch);
        this.#count(partition, batch, offset);
        this.#wake();
      },
      (error: unknown) => {
        this.#underWay -= 1;
        this.#failure ??= toPlugctlError(error);
        this.#wake();
      },
    );
  }

  #count(partition: number, { messages, bytes }: Batch, offset: number | null): void {
    this.#acknowledged += messages.length;
    this.#bytes += bytes - messages.length * OVERHEAD;
    const lastOffset = offset === null ? null : offset + messages.length - 1;
    const before = this.#written.get(partition);
    this.#written.set(partition, {
      partition,
      messages: (before?.messages ?? 0) + messages.length,
      firstOffset: before === undefined ? offset : before.firstOffset,
      lastOffset: lastOffset ?? before?.lastOffset ?? null,
    });
    this.#options.onProgress(this.#acknowledged);
  }

  /** Until a batch came back. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

const sizeOf = ({ key, value, headers }: NewMessage): number =>
  headers.reduce(
    (sum, [name, content]) => sum + name.length + content.length,
    OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0),
  );

/**
 * Writes everything that the source gives, in its order within each partition, and waits until it is acknowledged.
 * @throws what failed of the source or of the producer, with a ProduceProgress in its details: all that was taken before
 * a failure of the source is written still.
 */
export async function produceAll(
  producer: BatchProducer,
  source: AsyncIterable<readonly NewMessage[]>,
  options: AccumulatorOptions,
): Promise<ReturnType<Accumulator["summary"]>> {
  const accumulator = new Accumulator(producer, options);
  try {
    try {
      for await (const messages of source) await accumulator.add(messages);
    } catch (error) {
      // What came before what is wrong in the input is written all the same.
      if (!options.signal.aborted) await accumulator.finish();
      throw error;
    }
    await accumulator.finish();
    return accumulator.summary();
  } catch (error) {
    await accumulator.abandon(options.signal.aborted ? INTERRUPTION_PATIENCE : options.timeoutMs);
    const { code, message, hint, details, cause } = toPlugctlError(error);
    throw new PlugctlError(code, message, {
      hint,
      cause,
      details: { ...details, ...accumulator.progress() },
    });
  }
}
