import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { baseOffset, hasValidCrc, nextOffset } from "../../../../../src/server/kafka/broker/records/batch.ts";
import { buildBatch, readRecords } from "../../../../../src/server/kafka/broker/records/records.ts";
import { FaultyDisk } from "../../../../helpers/faulty-disk.ts";
import { SimulatedClock } from "../../../../helpers/simulated-clock.ts";
import { type OpenedLog, openLog, readAll } from "./log-harness.ts";

const CONFIG = {
  segmentBytes: 2_000,
  indexIntervalBytes: 300,
  retentionMs: 3_600_000,
  retentionBytes: 12_000,
  fileDeleteDelayMs: 1_000,
};

type Step =
  | { type: "append"; batches: { records: number; size: number; acks: number }[] }
  | { type: "append idempotently" }
  | { type: "let time pass"; ms: number }
  | { type: "delete records"; part: number }
  | { type: "read"; part: number; maxBytes: number }
  | { type: "break"; fault: "full" | "short writes" | "sync" | "none" }
  | { type: "close" }
  | { type: "crash"; power: boolean; keep: number[]; underWay: number };

const part = fc.double({ min: 0, max: 1, noNaN: true });
const batches = fc.array(
  fc.record({
    records: fc.integer({ min: 1, max: 5 }),
    size: fc.integer({ min: 0, max: 200 }),
    acks: fc.constantFrom(-1, -1, 1),
  }),
  { minLength: 1, maxLength: 6 },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("append" as const), batches }) },
  { weight: 3, arbitrary: fc.constant({ type: "append idempotently" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("let time pass" as const),
      ms: fc.constantFrom(500, 40_000, 4_000_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("delete records" as const), part }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("read" as const),
      part,
      maxBytes: fc.integer({ min: 0, max: 3_000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("break" as const),
      fault: fc.constantFrom("full" as const, "short writes" as const, "sync" as const, "none" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: "close" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("crash" as const),
      power: fc.boolean(),
      keep: fc.array(part, { minLength: 1, maxLength: 8 }),
      underWay: fc.integer({ min: 0, max: 40 }),
    }),
  },
);

interface Acknowledged {
  batch: Buffer;
  /** Whether it has to survive a loss of power. */
  durable: boolean;
}

/** A log on a disk that fails, and what has to be true of it. */
class Model {
  readonly #disk = new FaultyDisk();
  readonly #clock = new SimulatedClock();
  #opened: OpenedLog | undefined;
  #id = 0;
  /** Every batch that was ever handed to the log, by the id that its records carry. */
  readonly #sent = new Map<number, Buffer>();
  /** By base offset. */
  readonly #acknowledged = new Map<number, Acknowledged>();
  /** Offset that records were removed up to. */
  #removed = 0;
  #epoch = 0;
  #sequence = 0;
  /** The idempotent batch that is sent until it is acknowledged. */
  #unanswered: Buffer | undefined;
  readonly #idempotent: number[] = [];

  get #log() {
    if (this.#opened === undefined) throw new Error("not open");
    return this.#opened.log;
  }

  async open(): Promise<void> {
    this.#opened = await openLog({ disk: this.#disk, clock: this.#clock, config: CONFIG });
  }

  async run(step: Step): Promise<void> {
    switch (step.type) {
      case "append":
        await Promise.all(this.#append(step.batches));
        break;
      case "append idempotently":
        await this.#appendIdempotently();
        break;
      case "let time pass":
        this.#clock.advance(step.ms);
        await settled();
        break;
      case "delete records":
        await this.#deleteRecords(step.part);
        break;
      case "read":
        await this.#read(step.part, step.maxBytes);
        break;
      case "break":
        this.#break(step.fault);
        break;
      case "close":
        await this.#close();
        break;
      case "crash":
        await this.#crash(step);
        break;
    }
    await this.#check();
  }

  async end(): Promise<void> {
    this.#break("none");
    await this.#close();
    await this.#check();
    const { log, reports } = this.#opened as OpenedLog;
    const { baseOffset: last } = await log.append(this.#batch(1, 10), { acks: -1 });
    expect(last).toBe(log.logEnd - 1);
    expect(reports).toEqual([]);
  }

  #batch(records: number, size: number, producer?: { baseSequence: number }): Buffer {
    const id = this.#id++;
    const key = Buffer.from(String(id));
    const one = { timestamp: this.#clock.now(), key, value: Buffer.alloc(size, id) };
    const options =
      producer === undefined ? {} : { producer: { producerId: 7, producerEpoch: 0, ...producer } };
    const batch = buildBatch(
      Array.from({ length: records }, () => one),
      options,
    );
    this.#sent.set(id, Buffer.from(batch));
    return batch;
  }

  #append(sent: { records: number; size: number; acks: number }[]): Promise<void>[] {
    return sent.map(async ({ records, size, acks }) => {
      const batch = this.#batch(records, size);
      try {
        const { baseOffset: base } = await this.#log.append(batch, { acks });
        expect(base).toBe(baseOffset(batch));
        this.#acknowledged.set(base, { batch: Buffer.from(batch), durable: acks === -1 });
      } catch (error) {
        expect(error).toMatchObject({ code: 56 });
      }
    });
  }

  async #appendIdempotently(): Promise<void> {
    this.#unanswered ??= this.#batch(2, 20, { baseSequence: this.#sequence });
    const batch = Buffer.from(this.#unanswered);
    try {
      const { baseOffset: base } = await this.#log.append(batch, { acks: -1 });
      // A copy that comes late may be of one that is gone already.
      if (base >= this.#log.logStart) {
        const [stored] = await this.#log.read(base, { maxBytes: 0, atLeastOne: true });
        this.#acknowledged.set(base, { batch: Buffer.from(stored as Buffer), durable: true });
      }
      this.#idempotent.push(base);
      this.#unanswered = undefined;
      this.#sequence += 2;
    } catch (error) {
      expect(error).toMatchObject({ code: 56 });
    }
  }

  async #deleteRecords(to: number): Promise<void> {
    const { logStart, logEnd } = this.#log;
    const offset = logStart + Math.floor(to * (logEnd - logStart));
    await this.#log.deleteBefore(offset).then(
      () => {
        this.#removed = Math.max(this.#removed, offset);
      },
      (error) => expect(error).toMatchObject({ code: "ENOSPC" }),
    );
  }

  async #read(at: number, maxBytes: number): Promise<void> {
    const { logStart, logEnd } = this.#log;
    const offset = logStart + Math.floor(at * (logEnd - logStart));
    const buffers = await this.#log.read(offset, { maxBytes, atLeastOne: true });
    if (offset === logEnd) expect(buffers).toEqual([]);
    else {
      const [first] = buffers as [Buffer];
      expect(baseOffset(first)).toBeLessThanOrEqual(offset);
      expect(nextOffset(first)).toBeGreaterThan(offset);
      expect(this.#log.bytesFrom(offset)).toBeGreaterThan(0);
    }
  }

  #break(fault: "full" | "short writes" | "sync" | "none"): void {
    const used = this.#disk.files().reduce((sum, path) => sum + this.#disk.read(path).length, 0);
    this.#disk.capacity = fault === "full" ? used + 150 : Number.POSITIVE_INFINITY;
    this.#disk.mostAtOnce = fault === "short writes" ? 37 : Number.POSITIVE_INFINITY;
    this.#disk.syncFails = fault === "sync";
  }

  async #close(): Promise<void> {
    const { store, log } = this.#opened as OpenedLog;
    const { leaderEpoch, logEnd, logStart } = log;
    const orderly = await store.close().then(
      () => true,
      () => false,
    );
    this.#break("none");
    await this.open();
    expect(this.#log).toMatchObject(
      orderly ? { leaderEpoch, logEnd, logStart } : { leaderEpoch: leaderEpoch + 1 },
    );
    this.#epoch = this.#log.leaderEpoch;
  }

  async #crash({ power, keep, underWay }: Extract<Step, { type: "crash" }>): Promise<void> {
    const pending = underWay > 0 ? this.#append(new Array(3).fill({ records: 2, size: 100, acks: -1 })) : [];
    for (let turn = 0; turn < underWay; turn++) await undefined;
    let next = 0;
    this.#disk.crash({ power, keep: () => keep[next++ % keep.length] as number });
    await Promise.all(pending);
    this.#break("none");
    await this.open();
    expect(this.#log.leaderEpoch).toBe(this.#epoch + 1);
    this.#epoch++;
    // What is no longer there was not promised to be; its offsets may be given to others now.
    for (const [base, { durable }] of this.#acknowledged) {
      if (base >= this.#log.logEnd && power && !durable) this.#acknowledged.delete(base);
    }
  }

  async #check(): Promise<void> {
    const log = this.#log;
    const { logStart } = log;
    expect(logStart).toBeGreaterThanOrEqual(this.#removed);
    expect(log.logEnd).toBeGreaterThanOrEqual(logStart);
    const stored = new Map<number, Buffer>();
    let expected: number | undefined;
    for (const batch of await readAll(log, 700)) {
      expect(baseOffset(batch)).toBe(expected ?? baseOffset(batch));
      expected = nextOffset(batch);
      expect(hasValidCrc(batch)).toBe(true);
      const [record] = readRecords(batch);
      // As it was sent, but for what the broker assigns.
      const sent = this.#sent.get(Number(record?.key?.toString()));
      expect(batch.subarray(16).equals((sent as Buffer).subarray(16))).toBe(true);
      stored.set(baseOffset(batch), batch);
    }
    for (const [base, { batch }] of this.#acknowledged) {
      if (nextOffset(batch) <= log.logStart) this.#acknowledged.delete(base);
      else expect(stored.get(base)?.equals(batch), `the batch at ${base}`).toBe(true);
    }
    // In their order, none twice.
    expect(this.#idempotent).toEqual([...new Set(this.#idempotent)].sort((a, b) => a - b));
    this.#removed = log.logStart;
  }
}

/** What was begun by a timer has come to its end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await undefined;
}

describe("a log on a disk that fails", () => {
  it("keeps what it acknowledged, numbers records without gaps, and serves no damaged batch", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
        const model = new Model();
        await model.open();
        for (const each of steps) await model.run(each);
        await model.end();
      }),
      { numRuns: Number(process.env.LOG_MODEL_RUNS ?? 40) },
    );
  }, 120_000);
});
