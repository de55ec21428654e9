import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { serveHttp } from "../../../../helpers/http-server.ts";
import { makeIngress } from "../../../../helpers/ingress.ts";

/** A plugin that tells what it was asked. */
const echo = () =>
  serveHttp(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    const { method, url, headers } = request;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ method, url, headers, body }));
  });

/** A request as it stands, with headers that fetch would not send. */
async function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; path?: string } = {},
) {
  const sent = request(url, { agent: false, ...options });
  sent.end();
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  answer.setEncoding("utf8");
  let body = "";
  for await (const piece of answer) body += piece;
  return { status: answer.statusCode, headers: answer.headers, body };
}

describe("the body of a request to a public plugin", () => {
  const small = { maxBodyBytes: 1000 };

  test("that is too large is refused before or while it is sent, and the plugin gets no whole request", async () => {
    let whole = 0;
    const plugin = await serveHttp((request, response) => {
      request.resume().on("end", () => {
        whole++;
        response.end("taken");
      });
    });
    const { url, plugin: published } = await makeIngress(plugin.url);
    Object.assign(published, small);
    const post = (body: Uint8Array<ArrayBuffer> | ReadableStream) =>
      fetch(`${url}/p/demo/`, { method: "POST", body, duplex: "half" } as RequestInit);
    const chunked = (bytes: number) =>
      new ReadableStream({
        start(controller) {
          for (let sent = 0; sent < bytes; sent += 100) controller.enqueue(new Uint8Array(100));
          controller.close();
        },
      });
    expect(await (await post(new Uint8Array(1000))).text()).toBe("taken");
    expect(await (await post(chunked(1000))).text()).toBe("taken");
    for (const body of [new Uint8Array(1001), chunked(1100)]) {
      const refused = await post(body);
      expect(refused.status).toBe(413);
      expect(await refused.json()).toMatchObject({ code: "body_too_large" });
    }
    expect(whole).toBe(2);
  });

  test("may have any size for somebody who signed in", async () => {
    const { url, plugin, admin } = await makeIngress((await echo()).url);
    Object.assign(plugin, small, { access: "private" });
    const sent = { method: "POST", body: "x".repeat(5000), headers: admin.headers };
    const answer = (await (await fetch(`${url}/p/demo/`, sent)).json()) as { body: string };
    expect(answer.body).toHaveLength(5000);
  });
});

describe("what a plugin gets", () => {
  test("is the path below its own address, as it was sent, with the query", async () => {
    const { url } = await makeIngress((await echo()).url);
    const { body } = await ask(`${url}/p/demo/a%2Fb/%C3%A4?x=1&y=%20`);
    expect(JSON.parse(body)).toMatchObject({ method: "GET", url: "/a%2Fb/%C3%A4?x=1&y=%20" });
  });

  test("is the same at the platform's own address", async () => {
    const { url } = await makeIngress((await echo()).url);
    const { body } = await ask(`${url}/users/admin/plugins/demo/status`);
    expect(JSON.parse(body)).toMatchObject({ url: "/status" });
  });

  test("is the whole path where the plugin wants it, and visitors of the short address are led there", async () => {
    const { url, reach } = await makeIngress("");
    reach.value = { state: "running", origin: (await echo()).url, rewriteBasePath: false, startedAt: null };
    const short = await ask(`${url}/p/demo/tree?x=1`);
    expect([short.status, short.headers.location]).toEqual([308, "/users/admin/plugins/demo/tree?x=1"]);
    const { body } = await ask(`${url}${short.headers.location}`);
    const { url: path, headers } = JSON.parse(body);
    expect(path).toBe("/users/admin/plugins/demo/tree?x=1");
    expect(headers).not.toHaveProperty("x-forwarded-prefix");
  });

  test("has any method and body, streamed", async () => {
    const { url } = await makeIngress((await echo()).url);
    for (const method of ["PUT", "PATCH", "DELETE", "PROPFIND", "REPORT"]) {
      const answer = await fetch(`${url}/p/demo/x`, { method, body: "content" });
      expect(await answer.json()).toMatchObject({ method, body: "content" });
    }
  });

  test("tells who asked and how, whatever the visitor says about it", async () => {
    const { url } = await makeIngress((await echo()).url);
    const { body } = await ask(`${url}/p/demo/`, {
      headers: {
        "x-forwarded-for": "6.6.6.6",
        "X-Forwarded-User": "root",
        forwarded: "for=6.6.6.6",
        "x-ingress-path": "/evil",
        "x-real-ip": "6.6.6.6",
        te: "trailers",
        connection: "x-hop, keep-alive",
        "x-hop": "1",
      },
    });
    const { headers } = JSON.parse(body);
    const host = new URL(url).host;
    expect(headers).toMatchObject({
      host,
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": host,
      "x-forwarded-port": new URL(url).port,
      "x-forwarded-prefix": "/p/demo",
      "x-ingress-path": "/p/demo",
      forwarded: `for=127.0.0.1;host="${host}";proto=http`,
    });
    for (const name of ["x-forwarded-user", "x-real-ip", "te", "x-hop"])
      expect(headers).not.toHaveProperty(name);
  });

  test("never holds a credential of the server's", async () => {
    const { url, plugin, admin } = await makeIngress((await echo()).url);
    plugin.access = "private";
    const byToken = await ask(`${url}/p/demo/`, { headers: admin.headers });
    const password = Buffer.from(`${admin.login}:${admin.password}`).toString("base64");
    const byPassword = await ask(`${url}/p/demo/`, { headers: { authorization: `Basic ${password}` } });
    const byKey = await ask(`${url}/p/demo/`, { headers: { "x-api-key": admin.token } });
    plugin.access = "public";
    const stray = await ask(`${url}/p/demo/`, { headers: admin.headers });
    for (const { status, body } of [byToken, byPassword, byKey, stray]) {
      expect(status).toBe(200);
      expect(body).not.toContain("authorization");
      expect(body).not.toContain("plc_");
    }
  });

  test("holds the plugin's own credentials and cookies", async () => {
    const { url } = await makeIngress((await echo()).url);
    const { body } = await ask(`${url}/p/demo/`, {
      headers: { authorization: "Bearer of-the-plugin", cookie: "a=1; plugctl_session=plb_x; b=2" },
    });
    expect(JSON.parse(body).headers).toMatchObject({
      authorization: "Bearer of-the-plugin",
      cookie: "a=1; b=2",
    });
  });
});

describe("what a visitor gets", () => {
  test("is the plugin's answer, its security headers included and none of the server's", async () => {
    const plugin = await serveHttp((_request, response) => {
      response.writeHead(418, "Short and stout", {
        "content-security-policy": "default-src 'self'",
        "x-custom": "1",
        "strict-transport-security": "max-age=1",
        "clear-site-data": '"*"',
        "service-worker-allowed": "/",
      });
      response.end("tea");
    });
    const { url } = await makeIngress(plugin.url);
    const { status, headers, body } = await ask(`${url}/p/demo/`);
    expect([status, body, headers["x-custom"]]).toEqual([418, "tea", "1"]);
    expect(headers["content-security-policy"]).toBe("default-src 'self'");
    for (const name of [
      "x-frame-options",
      "strict-transport-security",
      "clear-site-data",
      "service-worker-allowed",
    ])
      expect(headers).not.toHaveProperty(name);
  });

  test("stays below the plugin's address through redirects and cookies", async () => {
    const plugin = await serveHttp((request, response) => {
      response.writeHead(302, {
        location: request.url === "/absolute" ? `http://${request.headers.host}/login` : "/login?next=%2F",
        "set-cookie": [
          "sid=1; Path=/; HttpOnly",
          "x=2; Domain=example.com; path=/app",
          "plugctl_session=evil; Path=/",
        ],
      });
      response.end();
    });
    const { url } = await makeIngress(plugin.url);
    const relative = await ask(`${url}/p/demo/`);
    expect(relative.headers.location).toBe("/p/demo/login?next=%2F");
    expect(relative.headers["set-cookie"]).toEqual([
      "sid=1; Path=/p/demo/; HttpOnly",
      "x=2; Path=/p/demo/app",
    ]);
    expect((await ask(`${url}/p/demo/absolute`)).headers.location).toBe("/p/demo/login");
  });

  test("is led to the address with a slash at its end", async () => {
    const { url } = await makeIngress((await echo()).url);
    const { status, headers } = await ask(`${url}/p/demo?x=1`);
    expect([status, headers.location]).toEqual([308, "/p/demo/?x=1"]);
  });

  test("comes as it is made, before the plugin is done", async () => {
    const gate = Promise.withResolvers<void>();
    const plugin = await serveHttp(async (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      await gate.promise;
      response.end("data: 2\n\n");
    });
    const { url } = await makeIngress(plugin.url);
    const answer = await fetch(`${url}/p/demo/events`);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe("data: 1\n\n");
    gate.resolve();
    expect((await reader?.read())?.value).toBe("data: 2\n\n");
  });

  test("who reads slowly holds the plugin back instead of filling the server's memory", async () => {
    const total = 64 * 1024 * 1024;
    let sent = 0;
    const plugin = await serveHttp((_request, response) => {
      const chunk = Buffer.alloc(64 * 1024);
      const write = () => {
        while (sent < total) {
          sent += chunk.length;
          if (!response.write(chunk)) {
            response.once("drain", write);
            return;
          }
        }
        response.end();
      };
      write();
    });
    const { url } = await makeIngress(plugin.url);
    const { port } = new URL(url);
    const socket = connect(Number(port), "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.write("GET /p/demo/ HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await once(socket, "readable");
    await sleep(500);
    expect(sent).toBeLessThan(total / 2);
    let received = 0;
    for await (const chunk of socket) {
      received += (chunk as Buffer).length;
      if (received >= total) break;
    }
    expect(received).toBeGreaterThanOrEqual(total);
  });

  test("sees a broken connection when the plugin ends in the middle of an answer", async () => {
    const plugin = await serveHttp((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setTimeout(() => response.destroy(), 20);
    });
    const { url } = await makeIngress(plugin.url);
    const answer = await fetch(`${url}/p/demo/`);
    await expect(answer.text()).rejects.toThrow();
  });

  test("gets 502 when the plugin ends without an answer, and 503 when it does not run", async () => {
    const plugin = await serveHttp((request) => request.socket.destroy());
    const { url, reach } = await makeIngress(plugin.url);
    expect(JSON.parse((await ask(`${url}/p/demo/`)).body)).toMatchObject({ code: "plugin_unreachable" });
    reach.value = { state: "away", nativeState: "exited" };
    const away = await ask(`${url}/p/demo/`);
    expect(away).toMatchObject({ status: 503, headers: { "retry-after": "10" } });
    expect(JSON.parse(away.body)).toMatchObject({ code: "plugin_not_running", state: "exited" });
    const page = await ask(`${url}/p/demo/`, { headers: { accept: "text/html" } });
    expect(page.headers["content-type"]).toContain("text/html");
    expect(page.body).toContain("demo is exited");
  });

  test("waits for a plugin that has just been started", async () => {
    const late = createServer((_request, response) => response.end("here"));
    onTestFinished(() => void late.close());
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const { url, reach } = await makeIngress("");
    reach.value = {
      state: "running",
      origin: `http://127.0.0.1:${port}`,
      rewriteBasePath: true,
      startedAt: new Date(),
    };
    const answer = ask(`${url}/p/demo/`);
    await sleep(300);
    late.listen(port, "127.0.0.1");
    expect((await answer).body).toBe("here");
  });
});

describe("who gets in", () => {
  test("nobody without a login while the plugin is private", async () => {
    const { url, plugin, admin } = await makeIngress((await echo()).url);
    plugin.access = "private";
    const program = await ask(`${url}/p/demo/`);
    expect([program.status, program.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
    const person = await ask(`${url}/p/demo/x?y=1`, { headers: { accept: "text/html" } });
    expect([person.status, person.headers.location]).toEqual([
      302,
      "/p/-/login?return=%2Fp%2Fdemo%2Fx%3Fy%3D1",
    ]);
    expect((await ask(`${url}/p/demo/`, { headers: admin.headers })).status).toBe(200);
  });

  test("somebody who signs in on the page, until they sign out", async () => {
    const { url, plugin, admin } = await makeIngress((await echo()).url);
    plugin.access = "private";
    const send = (password: string) =>
      fetch(`${url}/p/-/login`, {
        method: "POST",
        redirect: "manual",
        body: new URLSearchParams({ login: admin.login, password, return: "/p/demo/" }),
      });
    const wrong = await send("wrong password");
    expect(wrong.status).toBe(401);
    expect(await wrong.text()).toContain("the login or the password is wrong");
    const right = await send(admin.password);
    expect([right.status, right.headers.get("location")]).toEqual([303, "/p/demo/"]);
    const set = right.headers.get("set-cookie") ?? "";
    expect(set).toMatch(/; HttpOnly; SameSite=Lax; Max-Age=43200$/);
    const cookie = set.split(";")[0] ?? "";
    const inside = await ask(`${url}/p/demo/`, { headers: { cookie } });
    expect([inside.status, JSON.parse(inside.body).headers.cookie]).toEqual([200, undefined]);
    // The cookie is for plugins only: the API does not know it.
    expect((await ask(`${url}/api/v1/whoami`, { headers: { cookie } })).status).toBe(401);
    await fetch(`${url}/p/-/logout`, { method: "POST", headers: { cookie }, redirect: "manual" });
    await sleep(1_100);
    expect((await ask(`${url}/p/demo/`, { headers: { cookie } })).status).toBe(401);
  });

  test("not a page of another site, with the cookie of somebody who signed in", async () => {
    const { url, plugin, admin } = await makeIngress((await echo()).url);
    plugin.access = "private";
    const signedIn = await fetch(`${url}/p/-/login`, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({ login: admin.login, password: admin.password }),
    });
    const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
    const post = (origin: string) =>
      fetch(`${url}/p/demo/`, { method: "POST", headers: { cookie, origin }, body: "x" });
    expect((await post("http://evil.example")).status).toBe(403);
    expect((await post(url)).status).toBe(200);
  });

  test("the login leads to no other site", async () => {
    const { url, admin } = await makeIngress((await echo()).url);
    for (const wanted of [
      "https://evil.example/",
      "//evil.example/",
      "/\\evil.example",
      "javascript:alert(1)",
    ]) {
      const answer = await fetch(`${url}/p/-/login`, {
        method: "POST",
        redirect: "manual",
        body: new URLSearchParams({ login: admin.login, password: admin.password, return: wanted }),
      });
      expect(answer.headers.get("location")).toBe("/");
    }
  });

  test("so many requests of one address as the limit of a public plugin allows", async () => {
    const { url, plugin } = await makeIngress((await echo()).url);
    plugin.requestsPerSecond = 1;
    const answers = [];
    for (let count = 0; count < 12; count++) answers.push((await ask(`${url}/p/demo/`)).status);
    expect(answers.slice(0, 2)).toEqual([200, 200]);
    // While it asks, the limit lets one through a second.
    expect(answers).toContain(429);
  });

  test("each visit is in the access log, without its query", async () => {
    const { url, visits } = await makeIngress((await echo()).url);
    await ask(`${url}/p/demo/x?token=secret`);
    await ask(`${url}/p/demo/y`, { headers: { accept: "text/html" } });
    expect(visits).toMatchObject([
      { plugin: "admin/demo", method: "GET", path: "/p/demo/x", status: 200, ip: "127.0.0.1", login: null },
      { path: "/p/demo/y" },
    ]);
  });
});

describe("WebSockets", () => {
  async function echoSockets() {
    const plugin = await echo();
    const sockets = new WebSocketServer({
      server: plugin.server,
      handleProtocols: ([first]) => first ?? false,
    });
    onTestFinished(() => {
      for (const client of sockets.clients) client.terminate();
    });
    sockets.on("connection", (socket, request) => {
      socket.send(request.url ?? "");
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    return plugin;
  }

  test("carry messages both ways, with the subprotocol that the plugin chose", async () => {
    const { url } = await makeIngress((await echoSockets()).url);
    const socket = new WebSocket(`${url.replace("http", "ws")}/p/demo/comms?x=1`, ["v1", "v2"]);
    const first = once(socket, "message");
    await once(socket, "open");
    expect(String((await first)[0])).toBe("/comms?x=1");
    expect(socket.protocol).toBe("v1");
    const big = Buffer.alloc(1024 * 1024, 7);
    socket.send(big);
    expect((await once(socket, "message"))[0]).toEqual(big);
    socket.close(4001, "enough");
    expect(await once(socket, "close")).toEqual([4001, Buffer.from("enough")]);
  });

  test("need the login while the plugin is private", async () => {
    const { url, plugin, admin } = await makeIngress((await echoSockets()).url);
    plugin.access = "private";
    const refused = new WebSocket(`${url.replace("http", "ws")}/p/demo/`);
    const [error] = await once(refused, "error");
    expect(String(error)).toContain("401");
    const socket = new WebSocket(`${url.replace("http", "ws")}/p/demo/`, { headers: admin.headers });
    await once(socket, "open");
    socket.terminate();
  });

  test("that the plugin refuses get its answer", async () => {
    const { url } = await makeIngress(
      (
        await serveHttp((_request, response) => {
          response.writeHead(426, { "x-why": "no sockets here" });
          response.end("sorry");
        })
      ).url,
    );
    const socket = new WebSocket(`${url.replace("http", "ws")}/p/demo/`);
    const [, answer] = await Promise.race([once(socket, "unexpected-response"), once(socket, "error")]);
    expect((answer as IncomingMessage).statusCode).toBe(426);
    expect((answer as IncomingMessage).headers["x-why"]).toBe("no sockets here");
    socket.on("error", () => undefined);
    socket.terminate();
  });

  test("of visitors who did not sign in end when they are ended", async () => {
    const { url, connections, visits } = await makeIngress((await echoSockets()).url);
    const socket = new WebSocket(`${url.replace("http", "ws")}/p/demo/`);
    await once(socket, "message");
    const closed = once(socket, "close");
    expect(connections.endOf("admin/demo", null)).toBe(1);
    await closed;
    await sleep(20);
    expect(visits).toMatchObject([{ status: 101 }]);
  });

  test("end with the server", async () => {
    const { url, app } = await makeIngress((await echoSockets()).url);
    const socket = new WebSocket(`${url.replace("http", "ws")}/p/demo/`);
    await once(socket, "message");
    const closed = once(socket, "close");
    await app.close();
    await closed;
  });
});

describe("a host name of its own", () => {
  const settings = { publicUrl: "http://plugctl.test:7400", domain: "plugins.test" };

  test("leads to the plugin without a prefix", async () => {
    const { url } = await makeIngress((await echo()).url, settings);
    const { body } = await ask(`${url}/a?b=1`, { headers: { host: "demo.plugins.test:7400" } });
    const { url: path, headers } = JSON.parse(body);
    expect(path).toBe("/a?b=1");
    expect(headers).toMatchObject({
      host: "demo.plugins.test:7400",
      "x-forwarded-host": "demo.plugins.test:7400",
    });
    expect(headers).not.toHaveProperty("x-forwarded-prefix");
  });

  test("reaches nothing else of the server, and is not reached by the router's own path", async () => {
    const { url } = await makeIngress((await echo()).url, settings);
    const { body } = await ask(`${url}/api/v1/whoami`, { headers: { host: "demo.plugins.test" } });
    expect(JSON.parse(body)).toMatchObject({ url: "/api/v1/whoami" });
    expect((await ask(`${url}/.plugin-host/demo/`)).status).toBe(404);
    expect((await ask(`${url}/`, { headers: { host: "other.plugins.test" } })).status).toBe(404);
    expect((await ask(`${url}/`, { headers: { host: "plugins.evil" } })).status).toBe(421);
  });

  test("gets the session by way of the server's own login", async () => {
    const { url, plugin, admin } = await makeIngress((await echo()).url, settings);
    plugin.access = "private";
    const onPlugin = { host: "demo.plugins.test:7400", accept: "text/html" };
    const away = await ask(`${url}/page?x=1`, { headers: onPlugin });
    const wanted = "http://demo.plugins.test:7400/page?x=1";
    expect(away.headers.location).toBe(
      `http://plugctl.test:7400/p/-/login?return=${encodeURIComponent(wanted)}`,
    );
    const login = await fetch(`${url}/p/-/login`, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({ login: admin.login, password: admin.password, return: wanted }),
    });
    const ticket = new URL(login.headers.get("location") ?? "");
    expect(ticket.origin).toBe("http://demo.plugins.test:7400");
    const back = await ask(`${url}${ticket.pathname}${ticket.search}`, { headers: onPlugin });
    expect(back.headers.location).toBe("/page?x=1");
    const cookie = back.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    expect((await ask(`${url}/page`, { headers: { ...onPlugin, cookie } })).status).toBe(200);
    // A ticket is good once.
    const again = await ask(`${url}${ticket.pathname}${ticket.search}`, { headers: onPlugin });
    expect(again.headers).not.toHaveProperty("set-cookie");
  });
});
