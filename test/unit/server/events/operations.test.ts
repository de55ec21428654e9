import { describe, expect, it } from "vitest";
import { notFoundError } from "../../../../src/core/errors.ts";
import type { ServerEvent } from "../../../../src/server/events/bus.ts";
import type { OperationEvent } from "../../../../src/server/events/operations.ts";
import { makeFrame } from "../../../helpers/server-context.ts";

const what = { kind: "server.gc", resource: "server", actor: null };
const untilAborted = (_progress: unknown, signal: AbortSignal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
const forever = new AbortController().signal;

async function collect(events: AsyncIterable<OperationEvent>): Promise<string[]> {
  const seen = [];
  for await (const event of events) seen.push(`${event.seq} ${event.message}`);
  return seen;
}

async function settled(frame: Awaited<ReturnType<typeof makeFrame>>, id: string) {
  for await (const _event of frame.operations.events(id, 0, forever)) {
    // Only the end matters.
  }
  return frame.operations.get(id);
}

describe("operations", () => {
  it("are recorded as running before they run, then with their result", async () => {
    const frame = await makeFrame();
    let seenInside: string | undefined;
    const { id, ...record } = await frame.operations.start(what, async () => {
      seenInside = (await frame.operations.list(1))[0]?.state;
      return { removed: 3 };
    });
    expect(record).toMatchObject({ state: "running", actor: "system", finishedAt: null });
    expect(await settled(frame, id)).toMatchObject({
      state: "succeeded",
      result: { removed: 3 },
      error: null,
    });
    expect(seenInside).toBe("running");
  });

  it("give their events in order, live and afterwards, from any point", async () => {
    const frame = await makeFrame();
    const gate = Promise.withResolvers<void>();
    const { id } = await frame.operations.start(what, async (progress) => {
      progress({ phase: "one", message: "a" });
      progress({ phase: "two", message: "b" });
      await gate.promise;
      progress({ phase: "three", message: "c" });
    });
    const live = collect(frame.operations.events(id, 0, forever));
    const fromSecond = collect(frame.operations.events(id, 1, forever));
    gate.resolve();
    expect(await live).toEqual(["1 a", "2 b", "3 c"]);
    expect(await fromSecond).toEqual(["2 b", "3 c"]);
    expect(await collect(frame.operations.events(id, 0, forever))).toEqual(["1 a", "2 b", "3 c"]);
    expect(await collect(frame.operations.events(id, 2, forever))).toEqual(["3 c"]);
  });

  it("leave out steps of a counter that nobody could read, never its end", async () => {
    const frame = await makeFrame();
    const { id } = await frame.operations.start(what, async (progress) => {
      for (let done = 0; done <= 10_000; done++)
        progress({ phase: "copy", message: `${done}`, done, total: 10_000 });
    });
    const seen = await collect(frame.operations.events(id, 0, forever));
    expect(seen.length).toBeLessThan(100);
    expect(seen[0]).toBe("1 0");
    expect(seen.at(-1)).toMatch(/ 10000$/);
  });

  it("keep the message of an expected failure and hide that of an unexpected one", async () => {
    const frame = await makeFrame();
    const expected = await frame.operations.start(what, async () => {
      throw notFoundError("no such image");
    });
    expect(await settled(frame, expected.id)).toMatchObject({
      state: "failed",
      error: { code: "NOT_FOUND", message: "no such image" },
    });
    const unexpected = await frame.operations.start(what, async () => {
      throw new Error("/secret/path exploded");
    });
    const record = await settled(frame, unexpected.id);
    expect(record).toMatchObject({ state: "failed", error: { code: "INTERNAL" } });
    expect(JSON.stringify(record)).not.toContain("secret");
  });

  it("stop watching when the watcher goes away", async () => {
    const frame = await makeFrame();
    const { id } = await frame.operations.start(what, untilAborted);
    const watcher = new AbortController();
    const watching = collect(frame.operations.events(id, 0, watcher.signal));
    watcher.abort();
    expect(await watching).toEqual([]);
  });

  it("are interrupted by a stop of the server, with what they reported before", async () => {
    const frame = await makeFrame();
    const { id } = await frame.operations.start(what, async (progress, signal) => {
      progress({ phase: "wait", message: "waiting" });
      await untilAborted(progress, signal);
    });
    await frame.operations.stop();
    expect(await frame.operations.get(id)).toMatchObject({ state: "interrupted" });
    expect(await collect(frame.operations.events(id, 0, forever))).toEqual(["1 waiting"]);
  });

  it("become interrupted at the next start when the server died with them running", async () => {
    const dead = await makeFrame();
    const { id } = await dead.operations.start(what, untilAborted);
    const next = await makeFrame({ dataDir: dead.context.dataDir });
    expect(await next.operations.get(id)).toMatchObject({
      state: "interrupted",
      error: { code: "CANCELLED" },
      finishedAt: expect.any(String),
    });
  });

  it("are announced on the event bus", async () => {
    const frame = await makeFrame();
    const seen: ServerEvent[] = [];
    frame.context.events.subscribe((event) => seen.push(event));
    const { id } = await frame.operations.start(what, async (progress) =>
      progress({ phase: "p", message: "m" }),
    );
    await settled(frame, id);
    expect(seen.map((event) => [event.type, event.data.state])).toEqual([
      ["operation.started", "running"],
      ["operation.progress", "running"],
      ["operation.finished", "succeeded"],
    ]);
  });

  it("are forgotten with their events when they ended long ago", async () => {
    const frame = await makeFrame();
    const { id } = await frame.operations.start(what, async (progress) =>
      progress({ phase: "p", message: "m" }),
    );
    await settled(frame, id);
    await frame.operations.prune(new Date(Date.now() - 1000));
    expect(await frame.operations.get(id)).toBeDefined();
    await frame.operations.prune(new Date(Date.now() + 1000));
    expect(await frame.operations.get(id)).toBeUndefined();
    expect(await collect(frame.operations.events(id, 0, forever))).toEqual([]);
  });
});
