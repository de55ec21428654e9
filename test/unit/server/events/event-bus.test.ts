import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { ServerEvent } from "../../../../src/server/events/bus.ts";
import { createEventBus } from "../../../../src/server/events/event-bus.ts";

const silent = pino({ level: "silent" });
const makeBus = (start = new Date()) => createEventBus(silent, () => start);

describe("the event bus", () => {
  it("delivers in order, with ids that increase by one, until unsubscribed", () => {
    const bus = makeBus();
    const seen: ServerEvent[] = [];
    const unsubscribe = bus.subscribe((event) => seen.push(event));
    for (const type of ["a", "b", "c"]) bus.publish({ type, resource: "x" });
    unsubscribe();
    bus.publish({ type: "d", resource: "x" });
    expect(seen.map((event) => event.type)).toEqual(["a", "b", "c"]);
    const first = seen[0]?.id ?? Number.NaN;
    expect(seen.map((event) => event.id - first)).toEqual([0, 1, 2]);
  });

  it("replays what a client missed, and forgets what is too old", () => {
    const bus = makeBus();
    const all: ServerEvent[] = [];
    bus.subscribe((event) => all.push(event));
    for (let i = 0; i < 1500; i++) bus.publish({ type: `t${i}`, resource: "x" });
    const missed: ServerEvent[] = [];
    bus.subscribe((event) => missed.push(event), all[1490]?.id);
    expect(missed).toEqual(all.slice(1491));
    const held: ServerEvent[] = [];
    bus.subscribe((event) => held.push(event), 0);
    expect(held).toEqual(all.slice(500));
  });

  it("gives larger ids after a restart", () => {
    const ids: number[] = [];
    for (const start of ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"]) {
      const bus = makeBus(new Date(start));
      bus.subscribe((event) => ids.push(event.id));
      for (let i = 0; i < 100; i++) bus.publish({ type: "t", resource: "x" });
    }
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  });

  it("goes on when a listener throws", () => {
    const bus = makeBus();
    const seen: string[] = [];
    bus.subscribe(() => {
      throw new Error("broken listener");
    });
    bus.subscribe((event) => seen.push(event.type));
    bus.publish({ type: "a", resource: "x" });
    expect(seen).toEqual(["a"]);
  });
});
