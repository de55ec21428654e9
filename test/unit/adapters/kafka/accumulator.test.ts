import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BATCH, produceAll } from "../../../../src/adapters/kafka/accumulator.ts";
import type { BatchProducer } from "../../../../src/adapters/kafka/port.ts";
import { invalidError } from "../../../../src/core/errors.ts";
import type { NewMessage } from "../../../../src/core/kafka/messages.ts";

interface Sent {
  partition: number;
  messages: readonly NewMessage[];
}

/** A producer that answers when it is told to. */
function makeProducer(
  partitions: number,
  answer: (sent: Sent, count: number) => Promise<void> = async () => {},
) {
  const sent: Sent[] = [];
  const ends = new Map<number, number>();
  let underWay = 0;
  let mostUnderWay = 0;
  const producer: BatchProducer = {
    partitions: Array.from({ length: partitions }, (_, n) => n),
    inFlight: 5,
    partitionFor: (key) => (key[0] ?? 0) % partitions,
    async produceBatch(partition, messages) {
      sent.push({ partition, messages });
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      const first = ends.get(partition) ?? 0;
      ends.set(partition, first + messages.length);
      await answer({ partition, messages }, sent.length).finally(() => {
        underWay -= 1;
      });
      return first;
    },
    close: async () => {},
  };
  return { producer, sent, mostUnderWay: () => mostUnderWay };
}

const message = (n: number, more: Partial<NewMessage> = {}): NewMessage => ({
  key: null,
  value: Buffer.from(`${n}`),
  headers: [],
  ...more,
});
const options = (signal = new AbortController().signal) => ({
  topic: "t",
  signal,
  timeoutMs: 1_000,
  onProgress: () => {},
});
async function* source(...chunks: (readonly NewMessage[])[]) {
  yield* chunks;
}
const range = (count: number, more?: (n: number) => Partial<NewMessage>) =>
  Array.from({ length: count }, (_, n) => message(n, more?.(n)));
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("the accumulator", () => {
  it("sends everything once, in order within each partition, whatever comes how", async () => {
    const chunks = fc.array(fc.array(fc.nat({ max: 5 }), { maxLength: 50 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(chunks, async (given) => {
        const { producer, sent } = makeProducer(3, turn);
        let n = 0;
        const messages = given.map((keys) =>
          keys.map((key) => message(n++, key > 3 ? {} : { key: Buffer.from([key]) })),
        );
        const summary = await produceAll(producer, source(...messages), options());
        const flat = messages.flat();
        expect(summary.messages).toBe(flat.length);
        expect(sent.flatMap((batch) => batch.messages)).toHaveLength(flat.length);
        for (const [, own] of Map.groupBy(sent, ({ partition }) => partition)) {
          const order = own.flatMap((batch) => batch.messages).map(({ value }) => Number(value));
          expect(order).toEqual([...order].sort((a, b) => a - b));
        }
        for (const { partition, messages: batch } of sent) {
          for (const { key } of batch) if (key !== null) expect((key[0] ?? 0) % 3).toBe(partition);
        }
      }),
    );
  });

  it("fills batches, sends no more than may be under way, and changes the partition with each batch", async () => {
    const { producer, sent, mostUnderWay } = makeProducer(4, turn);
    await produceAll(producer, source(range(10 * BATCH.messages)), options());
    expect(sent.map(({ messages }) => messages.length)).toEqual(Array(10).fill(BATCH.messages));
    expect(mostUnderWay()).toBe(BATCH.underWay);
    expect(new Set(sent.slice(0, 4).map(({ partition }) => partition)).size).toBe(4);
  });

  it("keeps batches below the size of a batch, but for a message that is larger", async () => {
    const { producer, sent } = makeProducer(1);
    const large = (bytes: number) => message(0, { value: Buffer.alloc(bytes) });
    const half = BATCH.bytes / 2;
    await produceAll(producer, source([large(half), large(half), large(3 * half), large(1)]), options());
    expect(sent.map(({ messages }) => messages.length)).toEqual([1, 1, 1, 1]);
  });

  it("sends what waits when nothing more comes for a while", async () => {
    const { producer, sent } = makeProducer(1);
    const ends = Promise.withResolvers<void>();
    async function* slow() {
      yield range(2);
      await ends.promise;
    }
    const all = produceAll(producer, slow(), options());
    await expect.poll(() => sent.length).toBe(1);
    ends.resolve();
    expect((await all).messages).toBe(2);
  });

  it("tells how far it is certain when one batch of several fails", async () => {
    const { producer } = makeProducer(2, async ({ partition, messages }) => {
      await turn();
      if (partition === 1 && String(messages[0]?.value) !== "1") throw invalidError("too large");
    });
    // Even messages go to partition 0, odd ones to 1, whose second batch fails.
    const all = range(4 * BATCH.messages, (n) => ({ partition: n % 2 }));
    const failure = await produceAll(producer, source(all), options()).catch((error) => error);
    expect(failure).toMatchObject({ code: "INVALID", message: "too large" });
    expect(failure.details.certain).toBe(2 * BATCH.messages + 1);
    expect(failure.details.acknowledged).toBeGreaterThanOrEqual(2 * BATCH.messages);
  });

  it("writes what came before a fault of the source, and tells so", async () => {
    const { producer, sent } = makeProducer(1);
    async function* faulty() {
      yield range(3);
      throw invalidError("line 4 is no JSON");
    }
    await expect(produceAll(producer, faulty(), options())).rejects.toMatchObject({
      message: "line 4 is no JSON",
      details: { certain: 3, acknowledged: 3, taken: 3 },
    });
    expect(sent).toHaveLength(1);
  });

  it("sends nothing more when the run is interrupted, and waits for what is under way", async () => {
    const abort = new AbortController();
    const { producer, sent } = makeProducer(1, turn);
    async function* interrupted() {
      yield range(BATCH.messages + 5);
      abort.abort();
      throw invalidError("interrupted");
    }
    await expect(produceAll(producer, interrupted(), options(abort.signal))).rejects.toMatchObject({
      details: { certain: BATCH.messages, acknowledged: BATCH.messages, taken: BATCH.messages + 5 },
    });
    expect(sent).toHaveLength(1);
  });

  it("refuses a partition that the topic has not", async () => {
    const { producer } = makeProducer(2);
    await expect(
      produceAll(producer, source([message(0, { partition: 2 })]), options()),
    ).rejects.toMatchObject({ code: "NOT_FOUND", hint: "it has the partitions 0 to 1" });
  });
});
