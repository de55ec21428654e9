import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { createAdministration } from "../../../../src/adapters/administration/index.ts";
import { resumeEvents } from "../../../../src/adapters/administration/resume.ts";
import { createEvents } from "../../../../src/adapters/administration/streams.ts";
import { createHttpClient } from "../../../../src/adapters/http/client.ts";
import { makeConnection } from "../../../helpers/adapter-connection.ts";
import { serveHttp } from "../../../helpers/http-server.ts";

const event = (id: number) => ({
  id,
  at: "2026-03-01T12:00:00.000Z",
  type: "plugin.published",
  resource: "x",
  data: {},
});
const sse = (id: number) => `id: ${id}\ndata: ${JSON.stringify(event(id))}\n\n`;

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** A server that answers each call with the next of `answers`, and the last one from then on. */
async function serveInTurn(answers: readonly Answer[]) {
  const lastIds: unknown[] = [];
  const { url } = await serveHttp((request, response) => {
    const answer = answers[Math.min(lastIds.length, answers.length - 1)];
    lastIds.push(request.headers["last-event-id"]);
    answer?.(response, request);
  });
  const abort = new AbortController();
  const client = createHttpClient(makeConnection({ url, signal: abort.signal }), { prefix: "/api/v1" });
  onTestFinished(() => client.close());
  return { client, abort, lastIds };
}

const stream =
  (...ids: number[]): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(ids.map(sse).join(""));
  };
const broken =
  (id: number): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(sse(id), () => response.destroy());
  };
const status =
  (code: number): Answer =>
  (response) => {
    response.writeHead(code, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ title: "no", status: code }));
  };

async function take(events: AsyncIterable<{ id?: unknown }>, count: number): Promise<unknown[]> {
  const ids: unknown[] = [];
  for await (const { id } of events) {
    ids.push(id);
    if (ids.length === count) break;
  }
  return ids;
}

const AT_ONCE = [0, 0, 0];

it("goes on behind the last event when the stream ends or breaks, and says so", async () => {
  const { client, abort, lastIds } = await serveInTurn([stream(1, 2), broken(3), status(503), stream(4)]);
  const interruptions: string[] = [];
  const events = resumeEvents(client, "events", {
    signal: abort.signal,
    lastEventId: "0",
    delaysMs: AT_ONCE,
    onInterruption: (error) => interruptions.push(error.message),
  });
  expect(await take(events, 4)).toEqual(["1", "2", "3", "4"]);
  expect(lastIds).toEqual(["0", "2", "3", "3"]);
  expect(interruptions).toHaveLength(3);
});

it("fails at once when the first attempt does, and later for what will not pass", async () => {
  const refused = await serveInTurn([status(503)]);
  const first = resumeEvents(refused.client, "events", { signal: refused.abort.signal, delaysMs: AT_ONCE });
  await expect(take(first, 1)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(refused.lastIds).toHaveLength(1);
  const revoked = await serveInTurn([stream(1), status(401)]);
  const later = resumeEvents(revoked.client, "events", { signal: revoked.abort.signal, delaysMs: AT_ONCE });
  await expect(take(later, 2)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});

it("gives up when every attempt in a row has failed", async () => {
  const { client, abort, lastIds } = await serveInTurn([stream(1), status(503)]);
  const events = resumeEvents(client, "events", { signal: abort.signal, delaysMs: AT_ONCE });
  await expect(take(events, 2)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(lastIds).toHaveLength(1 + AT_ONCE.length);
});

it("ends while it waits for the next attempt when the run is interrupted", async () => {
  const { client, abort } = await serveInTurn([stream(1), status(503)]);
  const events = resumeEvents(client, "events", {
    signal: abort.signal,
    delaysMs: [60_000],
    onInterruption: () => abort.abort(),
  });
  await expect(take(events, 2)).rejects.toThrow();
});

it("refuses events that do not fit, naming the field", async () => {
  const { client, abort } = await serveInTurn([
    (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end('data: {"id":"one"}\n\n');
    },
  ]);
  const events = createEvents(client, abort.signal).events({ follow: true });
  await expect(take(events, 1)).rejects.toMatchObject({
    code: "BACKEND",
    message: expect.stringContaining("id"),
  });
});

it("follows an operation over a lost connection to its end", async () => {
  const progress = {
    seq: 1,
    at: "2026-03-01T12:00:00.000Z",
    phase: "removing",
    message: "removing",
    done: 1,
  };
  const operation = {
    id: "o1",
    kind: "server.gc",
    resource: "server",
    state: "succeeded",
    startedAt: progress.at,
    finishedAt: progress.at,
    result: { removed: 1 },
    error: null,
  };
  const { client, abort, lastIds } = await serveInTurn([
    (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`id: 1\nevent: progress\ndata: ${JSON.stringify(progress)}\n\n`);
    },
    (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`event: end\ndata: ${JSON.stringify(operation)}\n\n`);
    },
  ]);
  const steps: unknown[] = [];
  for await (const step of createAdministration(client, abort.signal).operations.follow("o1"))
    steps.push(step);
  expect(steps).toEqual([progress, operation]);
  expect(lastIds).toEqual([undefined, "1"]);
});
