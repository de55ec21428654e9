import { describe, expect, it } from "vitest";
import { makeApp } from "../../../helpers/server-context.ts";

/** Reads server-sent events until `count` have come or the stream ends. */
async function readEvents(response: Response, count: number): Promise<Record<string, string>[]> {
  const events: Record<string, string>[] = [];
  let text = "";
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  while (reader !== undefined && events.length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      if (block.startsWith(":")) continue;
      events.push(Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2))));
    }
  }
  await reader?.cancel();
  return events;
}

async function setUp() {
  const server = await makeApp();
  const address = await server.app.listen({ host: "127.0.0.1", port: 0 });
  const open = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${address}/api/v1/${path}`, { headers: { ...server.admin.headers, ...headers } });
  return { ...server, open, events: server.frame.context.events };
}

describe("GET events", () => {
  it("streams what happens, and goes on after the last id that a client saw", async () => {
    const { open, events } = await setUp();
    const response = await open("events");
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    for (const type of ["a", "b", "c"]) events.publish({ type, resource: "plugin:x", data: { n: 1 } });
    const [first, second] = await readEvents(response, 2);
    expect(first).toMatchObject({ event: "a", id: expect.stringMatching(/^\d+$/) });
    expect(JSON.parse(first?.data ?? "")).toMatchObject({ type: "a", resource: "plugin:x", data: { n: 1 } });
    const again = await open("events", { "last-event-id": second?.id ?? "" });
    expect((await readEvents(again, 1))[0]).toMatchObject({ event: "c" });
  });

  it("is for those who may read", async () => {
    const { app } = await setUp();
    expect((await app.inject({ url: "/api/v1/events" })).statusCode).toBe(401);
  });

  it("lets go of a client that went away", async () => {
    const { open, app } = await setUp();
    const response = await open("events");
    const connections = () =>
      new Promise((resolve) => app.server.getConnections((_, count) => resolve(count)));
    expect(await connections()).toBe(1);
    await response.body?.cancel();
    await expect.poll(connections).toBe(0);
  });

  it("drops a client that does not read, instead of holding its events in memory", async () => {
    const { open, events } = await setUp();
    const response = await open("events");
    const data = { text: "x".repeat(100_000) };
    for (let i = 0; i < 400; i++) {
      events.publish({ type: "big", resource: "x", data });
      await new Promise(setImmediate);
    }
    await expect(response.text()).rejects.toThrow();
  });

  it("ends when the server stops", async () => {
    const { open, streams } = await setUp();
    const response = await open("events");
    streams.closeAll();
    expect(await readEvents(response, 1)).toEqual([]);
  });
});

describe("GET operations/{id}/events", () => {
  it("streams the progress and ends with the record", async () => {
    const { open, frame } = await setUp();
    const gate = Promise.withResolvers<void>();
    const { id } = await frame.operations.start(
      { kind: "server.gc", resource: "server", actor: null },
      async (progress) => {
        progress({ phase: "one", message: "first" });
        await gate.promise;
        progress({ phase: "two", message: "second" });
        return { done: true };
      },
    );
    const response = await open(`operations/${id}/events`);
    gate.resolve();
    const events = await readEvents(response, 10);
    expect(events.map(({ event, id: seq }) => [event, seq])).toEqual([
      ["progress", "1"],
      ["progress", "2"],
      ["end", undefined],
    ]);
    expect(JSON.parse(events.at(-1)?.data ?? "")).toMatchObject({
      id,
      state: "succeeded",
      result: { done: true },
    });
    const rest = await readEvents(await open(`operations/${id}/events`, { "last-event-id": "1" }), 10);
    expect(rest.map(({ event }) => event)).toEqual(["progress", "end"]);
  });

  it("is a 404 for an operation that never was", async () => {
    const { open } = await setUp();
    expect((await open("operations/11111111-1111-4111-8111-111111111111/events")).status).toBe(404);
    expect((await open("operations/x/events")).status).toBe(400);
  });
});
