import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { conflictError } from "../../../../src/core/errors.ts";
import type { RunningModule, ServerModule } from "../../../../src/server/module.ts";
import { caller } from "../../../helpers/http-client.ts";
import { makeApp } from "../../../helpers/server-context.ts";

const testModule = (running: RunningModule): ServerModule => ({
  name: "test",
  migrations: {},
  start: async () => running,
});

const faulty = testModule({
  async routes(app) {
    app.get("/boom", async () => {
      throw new Error("secret inside");
    });
    app.get("/conflict", async () => {
      throw conflictError("taken", { details: { by: "bob" } });
    });
    app.post("/echo", { schema: { body: z.object({ n: z.int() }) } }, async (request) => request.body);
    app.get("/bad-answer", { schema: { response: { 200: z.object({ n: z.int() }) } } }, async () => ({
      n: "x",
    }));
  },
});

describe("every failure is a problem document", () => {
  it.each([
    ["GET", "/nowhere", undefined, 404, "not_found"],
    ["GET", "/boom", undefined, 500, "internal"],
    ["GET", "/bad-answer", undefined, 500, "internal"],
    ["GET", "/conflict", undefined, 409, "conflict"],
    ["GET", "/%zz", undefined, 400, "bad_request"],
    ["POST", "/echo", { n: "x" }, 400, "bad_request"],
    ["POST", "/echo", undefined, 400, "bad_request"],
  ] as const)("%s %s", async (method, url, body, status, code) => {
    const { app } = await makeApp({ modules: [faulty] });
    const answer = await caller(app)(method, url, body);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.body).toMatchObject({ type: "about:blank", status, code, requestId: expect.any(String) });
    expect(answer.status).toBe(status);
    expect(answer.headers["x-request-id"]).toBe(answer.body.requestId);
    expect(JSON.stringify(answer.body)).not.toContain("secret");
  });

  it("names each fault of the input by its path", async () => {
    const { app } = await makeApp({ modules: [faulty] });
    const { body } = await caller(app)("POST", "/echo", { n: "x" });
    expect(body.errors).toEqual([{ path: "body/n", code: "invalid_type", message: expect.any(String) }]);
  });

  it.each([
    ["malformed JSON", "application/json", "{", 400],
    ["an unknown type", "text/plain", "n=1", 415],
    ["a form", "application/x-www-form-urlencoded", "n=1", 415],
    ["too much", "application/json", JSON.stringify({ n: 1, x: "x".repeat(1024 * 1024) }), 413],
    ["a prototype attack", "application/json", '{"__proto__":{"n":1}}', 400],
  ])("also for a body of %s", async (_what, type, payload, status) => {
    const { app } = await makeApp({ modules: [faulty] });
    const answer = await app.inject({
      method: "POST",
      url: "/echo",
      headers: { "content-type": type },
      payload,
    });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.json().status).toBe(status);
  });

  it("also for what is no HTTP, and for headers without end", async () => {
    const { app } = await makeApp();
    await app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = app.server.address() as { port: number };
    for (const [sent, status] of [
      ["hello\r\n\r\n", 400],
      [`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"x".repeat(70_000)}\r\n\r\n`, 431],
    ] as const) {
      const socket = connect(port, "127.0.0.1");
      socket.write(sent);
      const answer = await text(socket);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toMatchObject({ status });
    }
  });
});

describe("slow clients", () => {
  const timeouts = { headers: 300, request: 600, idle: 400 };

  it.each([
    ["headers", "GET / HTTP/1.1\r\nhost: localhost\r\n", "x-a: b\r\n"],
    [
      "a body",
      "POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n",
      "1",
    ],
  ])("that drip %s are cut off", async (_what, head, drop) => {
    const { app } = await makeApp({ modules: [faulty], timeouts });
    await app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = app.server.address() as { port: number };
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(head);
    const dripping = setInterval(() => socket.write(drop), 50);
    socket.resume();
    await once(socket, "close");
    clearInterval(dripping);
  });

  it("that send nothing are cut off", async () => {
    const { app } = await makeApp({ timeouts });
    await app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = app.server.address() as { port: number };
    const socket = connect(port, "127.0.0.1");
    socket.resume();
    await once(socket, "close");
  });
});

describe("request ids", () => {
  it.each([
    ["abcd-1234", true],
    ["0123456789abcdef0123456789abcdef", true],
    ["short", false],
    ["with space 123", false],
    ["x".repeat(65), false],
    ['"><script>alert(1)', false],
  ])("take %j from the caller: %s", async (id, taken) => {
    const { app } = await makeApp();
    const answer = await app.inject({ url: "/nowhere", headers: { "x-request-id": id } });
    expect(answer.json().requestId === id).toBe(taken);
  });

  it("differ from request to request", async () => {
    const { app } = await makeApp();
    const ids = [];
    for (let i = 0; i < 20; i++) ids.push((await app.inject({ url: "/nowhere" })).json().requestId);
    expect(new Set(ids).size).toBe(20);
  });
});

describe("the Host header of a loopback server", () => {
  it.each([
    ["localhost", 200],
    ["LOCALHOST:7400", 200],
    ["127.0.0.1:7400", 200],
    ["127.8.9.1", 200],
    ["[::1]:7400", 200],
    ["plugins.example.com", 200],
    ["plugins.example.com:443", 200],
    ["evil.example", 421],
    ["127.0.0.1.evil.example", 421],
    ["localhost.evil.example", 421],
    ["192.168.0.1", 421],
    ["[::2]", 421],
    ["localhost:x", 421],
  ])("%j gets %i", async (host, status) => {
    const { app } = await makeApp({ publicUrl: "https://plugins.example.com" });
    const answer = await app.inject({ url: "/healthz", headers: { host } });
    expect(answer.statusCode).toBe(status);
    if (status === 421) expect(answer.json()).toMatchObject({ code: "host_not_allowed" });
  });

  it("may be anything when others can reach the server", async () => {
    const { app } = await makeApp({ loopback: false });
    expect((await app.inject({ url: "/healthz", headers: { host: "10.0.0.1" } })).statusCode).toBe(200);
  });
});

describe("security headers", () => {
  it("are on every answer", async () => {
    const { app } = await makeApp();
    for (const url of ["/healthz", "/nowhere", "/api/v1/whoami", "/docs/json"]) {
      const { headers } = await app.inject({ url });
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
    }
  });
});

describe("the OpenAPI document", () => {
  it("is 3.1 and states summary, tags, security and answers for every route", async () => {
    const { app } = await makeApp();
    const document = (await app.inject({ url: "/docs/json" })).json();
    expect(document.openapi).toBe("3.1.0");
    const routes = Object.entries<Record<string, Record<string, unknown>>>(document.paths).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, operation })),
    );
    expect(routes.length).toBeGreaterThan(35);
    for (const { route, operation } of routes) {
      expect(operation, route).toMatchObject({ summary: expect.any(String), tags: [expect.any(String)] });
      expect(Object.keys(operation.responses as object), route).not.toEqual(["default"]);
      const isOpen = JSON.stringify(operation.security) === "[]";
      const mayBeOpen = /health|ready|metrics|jwks|auth\//.test(route);
      expect(isOpen, route).toBe(mayBeOpen);
    }
    const secured = Object.keys(document.components.securitySchemes);
    expect(document.security.flatMap(Object.keys)).toEqual(secured);
  });

  it("has a page with a strict policy whose files come from this server", async () => {
    const { app } = await makeApp();
    const page = await app.inject({ url: "/docs/" });
    expect(page.statusCode).toBe(200);
    const policy = String(page.headers["content-security-policy"]);
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source ?? "");
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources) {
      expect((await app.inject({ url: new URL(source, "http://localhost/docs/").pathname })).statusCode).toBe(
        200,
      );
    }
    expect(page.body).not.toMatch(/<script>|on\w+="/);
    const short = await app.inject({ url: "/docs" });
    expect([200, 302]).toContain(short.statusCode);
  });
});

describe("health", () => {
  it("is alive, and ready when every started module is", async () => {
    let broken = false;
    const module = testModule({
      routes: async () => {},
      async ready() {
        if (broken) throw new Error("disk full");
      },
    });
    const unable: ServerModule = {
      name: "unable",
      migrations: {},
      start: () => Promise.reject(new Error("needs dpkg")),
    };
    const { app } = await makeApp({ modules: [module, unable] });
    expect((await app.inject({ url: "/healthz" })).json()).toEqual({ status: "ok" });
    const modules = { test: "ready", unable: { unavailable: "needs dpkg" } };
    const ready = await app.inject({ url: "/readyz" });
    expect([ready.statusCode, ready.json()]).toEqual([200, { status: "ready", modules }]);
    broken = true;
    const notReady = await app.inject({ url: "/readyz" });
    expect([notReady.statusCode, notReady.json()]).toEqual([
      503,
      { status: "not-ready", modules: { ...modules, test: { unavailable: "disk full" } } },
    ]);
  });
});

describe("metrics", () => {
  it("count requests by route, without a series for each wrong path", async () => {
    const { app } = await makeApp({ modules: [faulty] });
    await app.inject({ url: "/boom" });
    for (let i = 0; i < 3; i++) await app.inject({ url: `/nowhere/${i}` });
    await app.inject({ url: "/api/v1/operations/11111111-1111-4111-8111-111111111111" });
    const { body } = await app.inject({ url: "/metrics" });
    expect(body).toContain('plugctl_http_requests_total{method="GET",route="/boom",status="500"} 1');
    expect(body).toContain('plugctl_http_requests_total{method="GET",route="unmatched",status="404"} 3');
    expect(body).toContain('route="/api/v1/operations/:id",status="401"');
    expect(body).toContain("plugctl_http_request_duration_seconds_bucket");
    expect(body).toContain("process_cpu_user_seconds_total");
  });

  it("need a login from elsewhere, and from behind a proxy", async () => {
    const { app, admin } = await makeApp({ loopback: false });
    const status = async (options: object) => (await app.inject({ url: "/metrics", ...options })).statusCode;
    expect(await status({ remoteAddress: "192.0.2.1" })).toBe(401);
    expect(await status({ headers: { "x-forwarded-for": "192.0.2.1" } })).toBe(401);
    expect(await status({ remoteAddress: "192.0.2.1", headers: admin.headers })).toBe(200);
    expect(await status({ remoteAddress: "::ffff:127.0.0.1" })).toBe(200);
    const root = caller(app, admin.headers.authorization);
    const { token } = (await root("POST", "tokens", { scopes: ["publish"] })).body;
    const headers = { authorization: `Bearer ${token}` };
    expect(await status({ remoteAddress: "192.0.2.1", headers })).toBe(403);
  });
});

describe("the log", () => {
  async function logged(level: string, url: string, headers: Record<string, string> = {}) {
    const lines: string[] = [];
    const { createLoggerOn } = await import("../../../../src/server/logger.ts");
    const log = createLoggerOn({ write: (line) => void lines.push(line) }, level as "debug");
    const { app } = await makeApp({ modules: [faulty], log });
    await app.inject({ url, headers });
    return lines.map((line) => JSON.parse(line));
  }

  it("has each request at debug only, with its id and without its query", async () => {
    const lines = await logged("debug", "/healthz?secret=hunter2");
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: "debug",
        msg: "request",
        path: "/healthz",
        status: 200,
        reqId: expect.any(String),
      }),
    );
    expect(JSON.stringify(lines)).not.toContain("hunter2");
    expect(await logged("info", "/healthz")).toEqual([]);
  });

  it("has refusals at warn and failures at error with their cause", async () => {
    expect(await logged("info", "/api/v1/whoami")).toMatchObject([{ level: "warn", status: 401 }]);
    expect(await logged("info", "/boom")).toMatchObject([
      { level: "error", msg: "request failed", err: { message: "secret inside", stack: expect.any(String) } },
    ]);
  });

  it("replaces secrets wherever they stand", async () => {
    const { createLoggerOn } = await import("../../../../src/server/logger.ts");
    const lines: string[] = [];
    const log = createLoggerOn({ write: (line) => void lines.push(line) }, "info");
    const secret = "hunter2";
    log.info({ password: secret, body: { token: secret, refreshToken: secret } });
    log.info({ req: { headers: { authorization: secret, cookie: secret, "x-api-key": secret } } });
    log.info({ headers: { authorization: secret, "set-cookie": secret } });
    expect(lines.join()).not.toContain(secret);
    expect(lines.join()).toContain("[redacted]");
  });
});
