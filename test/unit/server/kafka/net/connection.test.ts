import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { MalformedError } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { apiVersions } from "../../../../../src/server/kafka/broker/protocol/messages/api-versions.ts";
import { fetch } from "../../../../../src/server/kafka/broker/protocol/messages/fetch.ts";
import { heartbeat } from "../../../../../src/server/kafka/broker/protocol/messages/heartbeat.ts";
import { produce } from "../../../../../src/server/kafka/broker/protocol/messages/produce.ts";
import { saslAuthenticate } from "../../../../../src/server/kafka/broker/protocol/messages/sasl-authenticate.ts";
import { saslHandshake } from "../../../../../src/server/kafka/broker/protocol/messages/sasl-handshake.ts";
import { type RequestContext, route } from "../../../../../src/server/kafka/broker/protocol/registry.ts";
import type { Authenticator, Principal } from "../../../../../src/server/kafka/broker/security.ts";
import { encodeRequest } from "../../../../helpers/kafka-messages.ts";
import { decodeAnswer, startListener, WireClient } from "../../../../helpers/kafka-wire.ts";

const BEAT = { groupId: "g", generationId: 1, memberId: "m" };
const ask = (correlationId: number) => encodeRequest(apiVersions, 0, {}, { correlationId });
const beat = (correlationId: number) => encodeRequest(heartbeat, 0, BEAT, { correlationId });
const produceTo = (name: string, correlationId: number) =>
  encodeRequest(
    produce,
    3,
    { acks: 1, timeoutMs: 1, topicData: [{ name, partitionData: [] }] },
    { correlationId },
  );

const idle = () => route(heartbeat, async () => ({ errorCode: 0 }));

describe("a connection", () => {
  it("answers whatever the pieces in which a request comes", async () => {
    const { address } = await startListener();
    const client = await WireClient.connect(address);
    const request = ask(7);
    for (let cut = 1; cut < request.length; cut++) {
      client.socket.write(request.subarray(0, cut));
      await new Promise(setImmediate);
      client.socket.write(request.subarray(cut));
      await client.until(cut);
    }
    expect(new Set(client.answers.map(({ correlationId }) => correlationId))).toEqual(new Set([7]));
  });

  it("answers ten thousand requests that come at once, in their order", async () => {
    const { address, reports } = await startListener();
    const client = await WireClient.connect(address);
    client.socket.write(Buffer.concat(Array.from({ length: 10_000 }, (_, index) => ask(index))));
    const answers = await client.until(10_000);
    expect(answers.map(({ correlationId }) => correlationId)).toEqual(
      Array.from({ length: 10_000 }, (_, i) => i),
    );
    expect(reports.errors).toEqual([]);
  });

  it("handles one request after the other", async () => {
    let running = 0;
    const most = { value: 0 };
    const slow = route(heartbeat, async () => {
      most.value = Math.max(most.value, ++running);
      await sleep(1);
      running--;
      return { errorCode: 0 };
    });
    const { address } = await startListener([slow]);
    const client = await WireClient.connect(address);
    client.socket.write(Buffer.concat(Array.from({ length: 20 }, (_, index) => beat(index))));
    await client.until(20);
    expect(most.value).toBe(1);
  });

  it("begins the next Produce before the last is answered, and still answers in order", async () => {
    const began: string[] = [];
    const answer = new Map<string, () => void>();
    const slow = route(
      produce,
      async ({ topicData }) => {
        const name = topicData[0]?.name ?? "";
        began.push(name);
        await new Promise<void>((resolve) => answer.set(name, resolve));
        return { responses: [] };
      },
      { pipelined: true },
    );
    const { address } = await startListener([slow, idle()]);
    const client = await WireClient.connect(address);
    client.socket.write(Buffer.concat([produceTo("a", 1), produceTo("b", 2), beat(3), produceTo("c", 4)]));
    await vi.waitFor(() => expect(began).toEqual(["a", "b"]));
    answer.get("b")?.();
    await sleep(10);
    expect(client.answers).toEqual([]);
    answer.get("a")?.();
    await vi.waitFor(() => expect(began).toEqual(["a", "b", "c"]));
    answer.get("c")?.();
    await client.until(4);
    expect(client.answers.map(({ correlationId }) => correlationId)).toEqual([1, 2, 3, 4]);
  });

  it("answers a version of ApiVersions that it does not know in the form of version 0", async () => {
    const { address } = await startListener([idle()]);
    const client = await WireClient.connect(address);
    const request = encodeRequest(apiVersions, 4, { clientSoftwareName: "x", clientSoftwareVersion: "1" });
    request.writeInt16BE(99, 6);
    client.socket.write(request);
    const [answer] = await client.until(1);
    expect(decodeAnswer(apiVersions, 0, answer as never)).toMatchObject({
      errorCode: 35,
      apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }],
    });
    client.socket.write(ask(2));
    await client.until(2);
  });

  it("advertises what it serves, and no more", async () => {
    const { address } = await startListener([idle()]);
    const client = await WireClient.connect(address);
    const { apiKeys } = await client.call(apiVersions, 3, {
      clientSoftwareName: "a",
      clientSoftwareVersion: "1",
    });
    expect(apiKeys).toEqual([
      { apiKey: 12, minVersion: 0, maxVersion: 4 },
      { apiKey: 18, minVersion: 0, maxVersion: 4 },
    ]);
  });

  it("refuses a client that calls itself what it must not", async () => {
    const { address } = await startListener();
    const client = await WireClient.connect(address);
    const request = { clientSoftwareName: "-x-", clientSoftwareVersion: "1" };
    expect(await client.call(apiVersions, 3, request)).toMatchObject({ errorCode: 42 });
  });

  const WRONG: [string, Buffer][] = [
    ["an API that is not served", encodeRequest(fetch, 4, { maxWaitMs: 0, minBytes: 0, topics: [] })],
    ["bytes after the request", Buffer.concat([Buffer.of(0, 0, 0, 15), ask(1).subarray(4), Buffer.of(0)])],
    ["a frame of a negative size", Buffer.from("ffffffff", "hex")],
    ["a frame of 100 MB and one byte", Buffer.from("06400001", "hex")],
    ["a frame that is too short", Buffer.from("000000040012000000", "hex")],
  ];
  it.each(WRONG)("closes on %s, and leaves the others alone", async (_, bytes) => {
    const { address, reports } = await startListener();
    const other = await WireClient.connect(address);
    const client = await WireClient.connect(address);
    client.socket.write(bytes);
    await client.closed();
    expect(client.answers).toEqual([]);
    other.socket.write(ask(1));
    await other.until(1);
    expect(reports.errors).toEqual([]);
  });

  it("closes and reports when a handler fails, thrown or rejected", async () => {
    const broken = route(heartbeat, () => {
      throw new Error("broken");
    });
    const { address, reports } = await startListener([broken]);
    const client = await WireClient.connect(address);
    client.socket.write(beat(1));
    await client.closed();
    expect(reports.errors).toHaveLength(1);
  });

  it("closes without a word in the log where a handler calls a request malformed", async () => {
    const broken = route(heartbeat, async () => {
      throw new MalformedError("no");
    });
    const { address, reports } = await startListener([broken]);
    const client = await WireClient.connect(address);
    client.socket.write(beat(1));
    await client.closed();
    expect(reports.errors).toEqual([]);
  });

  it("ends what is parked when its client goes", async () => {
    let context: RequestContext | undefined;
    const parked = route(heartbeat, (_, given) => {
      context = given;
      return new Promise((resolve) =>
        given.connection.signal.addEventListener("abort", () => resolve({ errorCode: 0 })),
      );
    });
    const { address, listener, budget } = await startListener([parked], { limits: { maxBuffered: 1_000 } });
    const client = await WireClient.connect(address);
    client.socket.write(beat(1));
    await vi.waitFor(() => expect(context).toBeDefined());
    client.socket.destroy();
    await vi.waitFor(() => expect(context?.connection.signal.aborted).toBe(true));
    await vi.waitFor(() => expect(listener.connections).toBe(0));
    await vi.waitFor(() => expect(budget.free).toBe(1_000));
  });

  it("stops reading a client that does not take its answers, and goes on when it does", async () => {
    let handled = 0;
    const records = Buffer.alloc(100_000);
    const generous = route(fetch, async () => {
      handled++;
      const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 0, records };
      return { responses: [{ topic: "t", partitions: [partition] }] };
    });
    const { address } = await startListener([generous], { limits: { maxUnsent: 1_000_000 } });
    const client = await WireClient.connect(address);
    client.socket.pause();
    const one = encodeRequest(fetch, 4, { maxWaitMs: 0, minBytes: 0, topics: [] });
    client.socket.write(Buffer.concat(Array.from({ length: 500 }, () => one)));
    await sleep(200);
    expect(handled).toBeLessThan(400);
    client.socket.resume();
    await client.until(500);
    expect(handled).toBe(500);
  });

  it("makes a large request wait while others hold the memory", async () => {
    const waiting: (() => void)[] = [];
    const slow = route(
      produce,
      () => new Promise((resolve) => waiting.push(() => resolve({ responses: [] }))),
    );
    const limits = { maxBuffered: 1_000_000, maxFrame: 1_000_000 };
    const { address, budget } = await startListener([slow], { limits });
    const large = encodeRequest(produce, 3, {
      acks: 1,
      timeoutMs: 1,
      topicData: [{ name: "t", partitionData: [{ index: 0, records: Buffer.alloc(700_000) }] }],
    });
    const first = await WireClient.connect(address);
    const second = await WireClient.connect(address);
    first.socket.write(large);
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    second.socket.write(large);
    await sleep(100);
    expect(waiting).toHaveLength(1);
    waiting[0]?.();
    await vi.waitFor(() => expect(waiting).toHaveLength(2));
    waiting[1]?.();
    await second.until(1);
    await first.until(1);
    await vi.waitFor(() => expect(budget.free).toBe(1_000_000));
  });

  it("leaves a throttled connection unread for the time", async () => {
    let handled = 0;
    const throttled = route(heartbeat, async (_, { connection }) => {
      handled++;
      connection.throttle(150);
      return { errorCode: 0 };
    });
    const { address } = await startListener([throttled]);
    const client = await WireClient.connect(address);
    const started = performance.now();
    client.socket.write(Buffer.concat([beat(1), beat(2)]));
    await client.until(1);
    expect(handled).toBe(1);
    await client.until(2);
    expect(performance.now() - started).toBeGreaterThan(140);
  });

  it("closes what is idle, and what sends a request too slowly", async () => {
    const { address } = await startListener([], { limits: { idle: 100, frame: 100 } });
    const silent = await WireClient.connect(address);
    const slow = await WireClient.connect(address);
    slow.socket.write(ask(1).subarray(0, 5));
    const drip = setInterval(() => slow.socket.write(Buffer.of(0)), 400);
    try {
      await Promise.all([silent.closed(), slow.closed()]);
    } finally {
      clearInterval(drip);
    }
    expect(silent.answers).toEqual([]);
  });

  it("lets requests that are under way finish when the listener stops", async () => {
    let finish = () => {};
    const slow = route(heartbeat, async () => {
      await new Promise<void>((resolve) => (finish = resolve));
      return { errorCode: 0 };
    });
    const { address, listener } = await startListener([slow], { limits: { grace: 5_000 } });
    const client = await WireClient.connect(address);
    client.socket.write(beat(1));
    await vi.waitFor(() => expect(finish.name).not.toBe("finish"));
    const stopped = listener.stop();
    finish();
    await client.until(1);
    await client.closed();
    await stopped;
  });
});

describe("a connection that must authenticate", () => {
  /** Of every session: when it ends, and how many are told that their connection is gone. */
  const sessions = { endsAt: Number.POSITIVE_INFINITY, closed: 0 };
  beforeEach(() => {
    Object.assign(sessions, { endsAt: Number.POSITIVE_INFINITY, closed: 0 });
  });
  /** Takes the token `secret`. */
  const authenticator: Authenticator = {
    open: () => {
      const state: { principal: Principal | undefined; raw: boolean } = { principal: undefined, raw: false };
      return {
        get principal() {
          return state.principal;
        },
        get endsAt() {
          return sessions.endsAt;
        },
        close: () => void sessions.closed++,
        get expectsRawToken() {
          return state.raw;
        },
        handshake: (mechanism, version) => {
          state.raw = version === 0;
          return { errorCode: mechanism === "PLAIN" ? 0 : 33, mechanisms: ["PLAIN"] };
        },
        authenticate: async (token) => {
          state.raw = false;
          const right = token.toString() === "secret";
          if (right) state.principal = { name: "user" };
          return {
            errorCode: right ? 0 : 58,
            errorMessage: right ? null : "no",
            token: Buffer.alloc(0),
            sessionLifetimeMs: 0,
          };
        },
      };
    },
  };
  const routes = () => [
    route(
      saslHandshake,
      async ({ mechanism }, { apiVersion, connection }) =>
        connection.session.handshake(mechanism, apiVersion),
      { beforeAuthentication: true },
    ),
    route(
      saslAuthenticate,
      async ({ authBytes }, { connection }) => {
        const { errorCode, errorMessage, token } = await connection.session.authenticate(authBytes);
        if (errorCode !== 0) connection.closeAfterReply();
        return { errorCode, errorMessage, authBytes: token };
      },
      { beforeAuthentication: true },
    ),
    route(heartbeat, async (_, { principal }) => ({ errorCode: principal.name === "user" ? 0 : 1 })),
  ];

  it("opens with the right token", async () => {
    const { address } = await startListener(routes(), { authenticator });
    const client = await WireClient.connect(address);
    await client.call(saslHandshake, 1, { mechanism: "PLAIN" });
    await client.call(saslAuthenticate, 2, { authBytes: Buffer.from("secret") });
    expect(await client.call(heartbeat, 4, BEAT)).toMatchObject({ errorCode: 0 });
  });

  it("opens with a bare token after version 0 of the handshake", async () => {
    const { address } = await startListener(routes(), { authenticator });
    const client = await WireClient.connect(address);
    await client.call(saslHandshake, 0, { mechanism: "PLAIN" });
    client.socket.removeAllListeners("data");
    const answer = () => new Promise<Buffer>((resolve) => client.socket.once("data", resolve));
    client.socket.write("\0\0\0\x06secret");
    expect((await answer()).toString("hex")).toBe("00000000");
    client.socket.write(encodeRequest(heartbeat, 0, BEAT, { correlationId: 5 }));
    expect((await answer()).toString("hex")).toBe("00000006000000050000");
  });

  it("ends with its authentication, and lets the authenticator know", async () => {
    const { address } = await startListener(routes(), { authenticator });
    const client = await WireClient.connect(address);
    await client.call(saslHandshake, 1, { mechanism: "PLAIN" });
    await client.call(saslAuthenticate, 1, { authBytes: Buffer.from("secret") });
    expect(sessions.closed).toBe(0);
    sessions.endsAt = Date.now();
    await client.closed();
    await vi.waitFor(() => expect(sessions.closed).toBe(1));
  });

  it("closes after the answer to a wrong token", async () => {
    const { address } = await startListener(routes(), { authenticator });
    const client = await WireClient.connect(address);
    await client.call(saslHandshake, 1, { mechanism: "PLAIN" });
    const answer = await client.call(saslAuthenticate, 1, { authBytes: Buffer.from("wrong") });
    expect(answer).toMatchObject({ errorCode: 58 });
    await client.closed();
  });

  it("closes on any other request, on a large one, and when it takes too long", async () => {
    const { address } = await startListener(routes(), { authenticator, limits: { authentication: 300 } });
    const eager = await WireClient.connect(address);
    eager.socket.write(beat(1));
    await eager.closed();
    const large = await WireClient.connect(address);
    large.socket.write(Buffer.from("00010001", "hex"));
    await large.closed();
    const slow = await WireClient.connect(address);
    await slow.closed();
    expect([...eager.answers, ...large.answers, ...slow.answers]).toEqual([]);
  });
});
