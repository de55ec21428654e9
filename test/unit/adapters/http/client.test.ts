import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import * as z from "zod/mini";
import { createHttpClient } from "../../../../src/adapters/http/client.ts";
import { path } from "../../../../src/adapters/http/path.ts";
import { makeConnection } from "../../../helpers/adapter-connection.ts";
import { serveHttp } from "../../../helpers/http-server.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

const answerSchema = z.object({ items: z.array(z.object({ id: z.string() })) });
const EMPTY = { items: [] };

type Given = Omit<Parameters<typeof makeConnection>[0], "url"> & { url?: string };

/** A client of a server that answers as the test says, and what it was asked. */
async function setUp(listener: RequestListener, given: Given = {}) {
  const asked: IncomingMessage[] = [];
  const { url, server } = await serveHttp((request, response) => {
    asked.push(request);
    listener(request, response);
  });
  const client = createHttpClient(makeConnection({ url, ...given }), { prefix: "/api/v1" });
  onTestFinished(() => client.close());
  return { client, asked, url, server };
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

const json = (response: ServerResponse, body: unknown, status = 200, headers = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));

const failure = async (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("it succeeded"),
    (error) => error,
  );

describe("paths and queries", () => {
  it("puts relative paths below the prefix and absolute ones below the target's own path", async () => {
    const { asked, url } = await setUp((_, response) => json(response, EMPTY));
    const client = createHttpClient(makeConnection({ url: `${url}/behind/proxy/` }), { prefix: "/api/v1" });
    onTestFinished(() => client.close());
    await client.json("GET", "plugins", { schema: answerSchema });
    await client.json("GET", "/readyz");
    expect(asked.map((request) => request.url)).toEqual([
      "/behind/proxy/api/v1/plugins",
      "/behind/proxy/readyz",
    ]);
  });

  it("keeps an encoded value one segment, and leaves out what is not asked for", async () => {
    const { client, asked } = await setUp((_, response) => json(response, EMPTY));
    await client.json("GET", path`plugins/${"@acme/a b"}/versions`, {
      query: { q: "a&b", dryRun: true, off: false, none: undefined, limit: 5 },
    });
    expect(asked[0]?.url).toBe("/api/v1/plugins/%40acme%2Fa%20b/versions?q=a%26b&dryRun=1&limit=5");
  });

  it.each(["", ".", ".."])("refuses %j as a segment, which would address something else", (value) => {
    expect(() => path`plugins/${value}`).toThrow(expect.objectContaining({ code: "INVALID" }));
  });
});

describe("the credential", () => {
  it("is asked for once, and not before it is needed", async () => {
    const credential = vi.fn(async () => "plc_secret");
    const { client, asked } = await setUp((_, response) => json(response, EMPTY), { credential });
    await client.json("GET", "plugins", { auth: false });
    expect(credential).not.toHaveBeenCalled();
    await Promise.all([client.json("GET", "plugins"), client.json("GET", "plugins")]);
    await client.json("GET", "plugins", { auth: "plc_other" });
    expect(credential).toHaveBeenCalledTimes(1);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      "Bearer plc_secret",
      "Bearer plc_secret",
      "Bearer plc_other",
    ]);
  });

  it("does not follow a redirect", async () => {
    const elsewhere = vi.fn();
    const other = await serveHttp((_, response) => {
      elsewhere();
      json(response, EMPTY);
    });
    const { client } = await setUp(
      (_, response) => response.writeHead(307, { location: `${other.url}/steal` }).end(),
      { token: "plc_secret" },
    );
    const error = await failure(client.json("GET", "plugins", { schema: answerSchema }));
    expect(error).toMatchObject({ code: "BACKEND", details: { status: 307 } });
    expect(error.message).toContain(`redirected to ${other.url}/steal`);
    expect(elsewhere).not.toHaveBeenCalled();
  });

  it("is refused with a line break in it, unseen", async () => {
    const { client, asked } = await setUp((_, response) => json(response, EMPTY), { token: "secret\nx: y" });
    const error = await failure(client.json("GET", "plugins"));
    expect(error).toMatchObject({ code: "CONFIG" });
    expect(error.message).not.toContain("secret\n");
    expect(asked).toEqual([]);
  });

  it("appears in no trace and no error", async () => {
    const lines: string[] = [];
    const { client, url } = await setUp(
      (_, response) => json(response, { detail: "no" }, 403, { "x-request-id": "r-1" }),
      { token: "plc_secret", trace: (line) => lines.push(line) },
    );
    const error = await failure(client.json("GET", "plugins", { query: { q: "x", apiKey: "hidden" } }));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      new RegExp(`^GET ${url}/api/v1/plugins\\?q=x&apiKey=… 403 \\d+ ms r-1$`.replaceAll("/", "\\/")),
    );
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toMatch(/plc_secret|hidden/);
  });
});

describe("retries", () => {
  it("repeats a GET while the server is restarting", async () => {
    let calls = 0;
    const { client } = await setUp((_, response) =>
      ++calls < 3 ? json(response, {}, 503) : json(response, EMPTY),
    );
    expect(await client.json("GET", "plugins", { schema: answerSchema })).toEqual(EMPTY);
    expect(calls).toBe(3);
  });

  it("repeats a GET whose connection broke", async () => {
    let calls = 0;
    const { client } = await setUp((request, response) =>
      ++calls === 1 ? request.socket.destroy() : json(response, EMPTY),
    );
    expect(await client.json("GET", "plugins", { schema: answerSchema })).toEqual(EMPTY);
  });

  it("gives up after two, and keeps the answer", async () => {
    const { client, asked } = await setUp((_, response) => json(response, { detail: "no backend" }, 502));
    expect(await failure(client.json("GET", "plugins"))).toMatchObject({
      code: "UNAVAILABLE",
      message: "no backend",
      details: { status: 502 },
    });
    expect(asked).toHaveLength(3);
  });

  it("repeats nothing that changes something, and no answer that will not change", async () => {
    const { client, asked } = await setUp((_, response) => json(response, {}, 503));
    await failure(client.json("POST", "tokens", { body: {} }));
    expect(asked).toHaveLength(1);
    const other = await setUp((_, response) => json(response, {}, 500));
    await failure(other.client.json("GET", "plugins"));
    expect(other.asked).toHaveLength(1);
  });

  it("does not wait longer than the time limit because a server says so", async () => {
    const { client, asked } = await setUp((_, response) => json(response, {}, 503, { "retry-after": "60" }));
    const error = await failure(client.json("GET", "plugins"));
    expect(error).toMatchObject({ code: "UNAVAILABLE", details: { retryAfterSeconds: 60 } });
    expect(error.hint).toContain("60 s");
    expect(asked).toHaveLength(1);
  });
});

describe("time limits and interruption", () => {
  it("ends a call that is not answered in time", async () => {
    const { client } = await setUp(() => {}, { timeoutMs: 60 });
    const error = await failure(client.json("GET", "plugins"));
    expect(error).toMatchObject({ code: "TIMEOUT", details: { timeoutMs: 60 } });
    expect(error.message).toContain("/api/v1/plugins");
  });

  it("ends a call whose answer stops in its middle", async () => {
    const { client } = await setUp((_, response) => response.writeHead(200).write('{"items":['), {
      timeoutMs: 60,
    });
    expect(await failure(client.json("GET", "plugins", { schema: answerSchema }))).toMatchObject({
      code: "TIMEOUT",
    });
  });

  it("fails with the run's own reason when the run is interrupted", async () => {
    const run = new AbortController();
    const reason = new Error("interrupted");
    const { client } = await setUp(() => run.abort(reason), { signal: run.signal });
    expect(await failure(client.json("GET", "plugins"))).toBe(reason);
  });

  it("lets a stream last longer than the limit of a call", async () => {
    const { client } = await setUp(
      async (_, response) => {
        for (const piece of ["one ", "two ", "three"]) {
          response.write(piece);
          await new Promise((resolve) => setTimeout(resolve, 60));
        }
        response.end();
      },
      { timeoutMs: 100 },
    );
    let text = "";
    for await (const chunk of await client.stream("GET", "server/backup")) text += Buffer.from(chunk);
    expect(text).toBe("one two three");
  });

  it("lets an upload last as long as it moves", async () => {
    const { client } = await setUp(
      async (request, response) => {
        let size = 0;
        for await (const chunk of request) size += chunk.length;
        json(response, { size });
      },
      { timeoutMs: 100 },
    );
    async function* slowly() {
      for (let piece = 0; piece < 5; piece++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        yield Buffer.alloc(1000);
      }
    }
    const sent: number[] = [];
    const answer = await client.upload("publish", {
      body: slowly(),
      sizeBytes: 5000,
      contentType: "application/gzip",
      onSent: (bytes) => sent.push(bytes),
      schema: z.object({ size: z.number() }),
    });
    expect(answer).toEqual({ size: 5000 });
    expect(sent).toEqual([1000, 2000, 3000, 4000, 5000]);
  });
});

describe("answers", () => {
  it("names URL and field of an answer that does not fit, and tolerates fields that it does not know", async () => {
    const { client, url } = await setUp((_, response) => json(response, { items: [{ id: 1 }], more: true }));
    const error = await failure(client.json("GET", "plugins", { schema: answerSchema }));
    expect(error).toMatchObject({
      code: "BACKEND",
      details: { field: "items.0.id", url: `${url}/api/v1/plugins` },
    });
    expect(error.message).toContain("items.0.id");
  });

  it("says so when it is no JSON at all", async () => {
    const { client } = await setUp((_, response) => response.end("<html>a login page</html>"));
    const error = await failure(client.json("GET", "plugins", { schema: answerSchema }));
    expect(error).toMatchObject({ code: "BACKEND" });
    expect(error.message).toContain("not JSON");
  });

  it.each([
    [400, "INVALID"],
    [401, "UNAUTHENTICATED"],
    [403, "FORBIDDEN"],
    [404, "NOT_FOUND"],
    [408, "TIMEOUT"],
    [409, "CONFLICT"],
    [410, "NOT_FOUND"],
    [412, "CONFLICT"],
    [413, "INVALID"],
    [415, "INVALID"],
    [422, "INVALID"],
    [429, "UNAVAILABLE"],
    [500, "BACKEND"],
    [501, "BACKEND"],
    [504, "UNAVAILABLE"],
  ])("turns %i into %s", async (status, code) => {
    const errors = [{ path: "name", code: "bad_name", message: "is bad" }];
    const problem = {
      title: "T",
      detail: "no\u001b[31m red\n",
      code: "why",
      requestId: "r-1",
      errors,
      held: "by x",
    };
    const { client } = await setUp((_, response) => json(response, problem, status));
    const error = await failure(client.json("POST", "publish", { body: {} }));
    expect(error).toMatchObject({
      code,
      details: { target: "test", status, code: "why", requestId: "r-1", errors, held: "by x" },
    });
    if (status !== 401) expect(error.message).toBe("no [31m red");
  });

  it("takes a digest that did not hold for a verification failure", async () => {
    const { client } = await setUp((_, response) => json(response, { code: "digest_mismatch" }, 422));
    expect(await failure(client.json("POST", "publish", { body: {} }))).toMatchObject({
      code: "VERIFICATION",
    });
  });

  it("says how long to wait when there were too many calls", async () => {
    const { client } = await setUp((_, response) =>
      json(response, { detail: "too many" }, 429, { "retry-after": "7" }),
    );
    const error = await failure(client.json("POST", "auth/login", { body: {} }));
    expect(error).toMatchObject({ code: "UNAVAILABLE", message: "too many (wait 7 s)" });
  });
});

describe("endpoints that cannot be reached", () => {
  it("names the address where nothing listens", async () => {
    const { url, server, client } = await setUp(() => {});
    await new Promise((resolve) => server.close(resolve));
    const error = await failure(client.json("POST", "x", { body: {} }));
    expect(error).toMatchObject({ code: "UNAVAILABLE", details: { reason: "ECONNREFUSED" } });
    expect(error.message).toContain(new URL(url).host);
    expect(error.hint).toContain("plugctl serve");
  });

  it("says when a TLS target is spoken to in the clear, and the other way round", async () => {
    const { url } = await setUp((_, response) => json(response, EMPTY));
    const secure = createHttpClient(makeConnection({ url: url.replace("http:", "https:") }), { prefix: "" });
    onTestFinished(() => secure.close());
    const error = await failure(secure.json("POST", "x", { body: {} }));
    expect(error).toMatchObject({ code: "UNAVAILABLE" });
    expect(error.message).toContain("no trusted connection");
  });

  it("names the authority's file that cannot be read", async () => {
    const caFile = join(await makeTempDir(), "ca.pem");
    const { client } = await setUp(() => {}, { caFile });
    const error = await failure(client.json("GET", "x"));
    expect(error).toMatchObject({ code: "CONFIG" });
    expect(error.message).toContain(caFile);
  });

  it("can be closed twice, and without having been used", async () => {
    const { client } = await setUp((_, response) => json(response, EMPTY));
    await client.close();
    await client.close();
  });
});

describe("event streams", () => {
  it("gives events as they come, whatever the chunks, and says where it left off", async () => {
    const { client, asked } = await setUp((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(': hello\n\nid: 1\nevent: progress\ndata: {"a":\ndata: "ö"}\n');
      setTimeout(() => {
        response.write(Buffer.from("\ndata: pl\u00f6", "utf8").subarray(0, -1));
        setTimeout(
          () => response.end(Buffer.concat([Buffer.from("\u00f6").subarray(1), Buffer.from("n\n\n")])),
          5,
        );
      }, 5);
    });
    const events = await collect(client.events("events", { lastEventId: "41", query: { x: "y" } }));
    expect(events).toEqual([
      { id: "1", event: "progress", data: '{"a":\n"ö"}' },
      { id: null, event: "message", data: "plön" },
    ]);
    expect(asked[0]?.headers).toMatchObject({ "last-event-id": "41", accept: "text/event-stream" });
  });

  it("ends with the run, and leaves the server when the reader does", async () => {
    const run = new AbortController();
    const reason = new Error("interrupted");
    const gone = Promise.withResolvers<void>();
    const listener: RequestListener = (request, response) => {
      request.socket.on("close", () => gone.resolve());
      response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
    };
    const { client } = await setUp(listener, { signal: run.signal });
    for await (const { data } of client.events("events")) {
      expect(data).toBe("1");
      break;
    }
    await gone.promise;
    const reading = (async () => {
      for await (const _ of client.events("events")) run.abort(reason);
    })();
    expect(await failure(reading)).toBe(reason);
  });

  it("fails as any call does when the stream is refused", async () => {
    const { client } = await setUp((_, response) => json(response, { detail: "not yours" }, 403));
    expect(await failure(collect(client.events("events")))).toMatchObject({ code: "FORBIDDEN" });
  });
});

describe("proxies", () => {
  const NAMES = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"];
  const before = NAMES.map((name) => [name, process.env[name]] as const);
  beforeEach(() => {
    for (const name of NAMES) delete process.env[name];
  });
  afterEach(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  /** A proxy that leads every name to the given server, and what it was asked for. */
  async function startProxy(to: string) {
    const wanted: string[] = [];
    const { url, server } = await serveHttp((request, response) => {
      wanted.push(String(request.url));
      json(response, EMPTY);
    });
    server.on("connect", async (request, socket) => {
      wanted.push(String(request.url));
      const upstream = connectTcp(Number(new URL(to).port), "127.0.0.1");
      await once(upstream, "connect");
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(upstream).pipe(socket);
      socket.on("error", () => upstream.destroy());
      upstream.on("error", () => socket.destroy());
      socket.on("close", () => upstream.destroy());
    });
    return { url, wanted };
  }

  it("are used for hosts elsewhere, not for this machine, and not where NO_PROXY says so", async () => {
    const { url, client, asked } = await setUp((_, response) => json(response, EMPTY));
    const proxy = await startProxy(url);
    process.env.HTTP_PROXY = proxy.url;
    await client.json("GET", "plugins", { schema: answerSchema });
    expect(proxy.wanted).toEqual([]);
    expect(asked).toHaveLength(1);

    const remote = () => {
      const made = createHttpClient(makeConnection({ url: "http://plugins.invalid:81" }), { prefix: "" });
      onTestFinished(() => made.close());
      return made;
    };
    expect(await remote().json("GET", "/x", { schema: answerSchema })).toEqual(EMPTY);
    expect(proxy.wanted.join()).toContain("plugins.invalid:81");

    process.env.HTTP_PROXY = "not a URL with a secret";
    const unusable = await failure(remote().json("GET", "/x"));
    expect(unusable).toMatchObject({ code: "CONFIG" });
    expect(unusable.message).not.toContain("secret");
    process.env.HTTP_PROXY = proxy.url;

    process.env.NO_PROXY = ".invalid";
    const error = await failure(remote().json("POST", "/x", { body: {} }));
    expect(error).toMatchObject({ code: "UNAVAILABLE" });
    expect(proxy.wanted).toHaveLength(1);
  });
});
