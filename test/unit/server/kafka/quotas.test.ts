import { describe, expect, it } from "vitest";
import { TokenBuckets } from "../../../../src/server/kafka/broker/quotas.ts";
import { SimulatedClock } from "../../../helpers/simulated-clock.ts";

const ann = { name: "ann" };
const RATE = 1000;

function makeBuckets() {
  const clock = new SimulatedClock();
  const buckets = new TokenBuckets(RATE, clock);
  const send = (bytes: number, who = ann) => buckets.record("produce", who, null, bytes);
  return { clock, buckets, send };
}

describe("the quota of a principal", () => {
  it("lets a second's bytes through at once, and tells how long what is beyond takes", () => {
    const { send } = makeBuckets();
    expect(send(1000)).toBe(0);
    expect(send(500)).toBe(500);
  });

  it("is paid off by waiting", () => {
    const { clock, send } = makeBuckets();
    send(1500);
    clock.advance(500);
    expect(send(0)).toBe(0);
    expect(send(1)).toBe(1);
    clock.advance(60_000);
    expect(send(1000)).toBe(0);
    expect(send(1000)).toBe(1000);
  });

  it("holds over time, whatever the size of requests", () => {
    const { clock, send } = makeBuckets();
    const start = clock.now();
    let sent = 0;
    for (let turn = 0; turn < 100; turn++) {
      const bytes = 1 + ((turn * 7919) % 5000);
      clock.advance(send(bytes));
      sent += bytes;
    }
    const seconds = (clock.now() - start) / 1000;
    expect(sent / seconds).toBeLessThanOrEqual(RATE * 1.02);
    expect(sent / seconds).toBeGreaterThan(RATE * 0.95);
  });

  it("is one's own, for sending and for fetching apart", () => {
    const { buckets, send } = makeBuckets();
    send(5000);
    expect(send(1, { name: "bob" })).toBe(0);
    expect(buckets.record("fetch", ann, null, 1000)).toBe(0);
  });

  it("never makes a client wait so long that it takes its request for lost", () => {
    const { send } = makeBuckets();
    expect(send(100_000_000)).toBe(20_000);
  });

  it("bounds one answer, so that a consumer is not kept from its heartbeats", () => {
    const { buckets } = makeBuckets();
    const wait = buckets.record("fetch", ann, null, buckets.fetchLimit());
    expect(wait).toBeLessThan(6000);
  });
});
