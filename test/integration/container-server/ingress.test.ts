import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { callerOver, makeContainerServer, webEntry } from "../../helpers/container-server.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { serveHttp } from "../../helpers/http-server.ts";
import { makeIngress } from "../../helpers/ingress.ts";

/** Answers an upgrade to `echo`, and then everything that comes. */
const UPGRADING = `while read -r line; do line=$(printf %s "$line" | tr -d '\\r'); [ -z "$line" ] && break; done
printf 'HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n'
exec cat`;
/** Begins an answer and takes its time. */
const SLOW = `printf 'Content-Type: text/plain\\r\\nContent-Length: 1000\\r\\n\\r\\nbegin\\n'; sleep 60; echo end`;
const LOGIN = "<form><input name=user><input type='password' name=password></form>";

describeWith(["docker.io", "busybox-static"], "over an engine", () => {
  const engine = useDockerEngine();

  beforeAll(async () => {
    await busyboxImage(engine.api, "web:1.0.0", {
      program: "http",
      files: { "www/cgi-bin/slow": `#!/bin/sh\n${SLOW}\n` },
    });
    await busyboxImage(engine.api, "login:1.0.0", {
      program: "http",
      files: { "www/login.html": LOGIN, "etc/httpd.conf": "I:login.html\n" },
      changes: ["CMD httpd -f -p 8080 -h /www -c /etc/httpd.conf"],
    });
    await busyboxImage(engine.api, "upgrading:1.0.0", {
      files: { "bin/upgrade": `#!/bin/sh\n${UPGRADING}\n` },
      changes: ["CMD nc -ll -p 8080 -e /bin/upgrade"],
    });
  });

  afterEach(async () => {
    for (const { Id } of await engine.api.listContainers({ all: true })) {
      await engine.api.getContainer(Id).remove({ force: true });
    }
  });

  const entryOf = (name: string) =>
    webEntry({
      name,
      tokens: {},
      task: { type: "docker", image: name, user: "0:0" },
      interface: { main: { proxy_to: { plugin: name, port: 8080 } } },
    });

  const entries = { login: entryOf("login"), upgrading: entryOf("upgrading") };

  /** Upgrades to the protocol `echo`. */
  async function upgrade(url: string, headers: Record<string, string> = {}): Promise<Duplex> {
    const asked = request(url, {
      headers: { connection: "Upgrade", upgrade: "echo", ...headers },
      agent: false,
    });
    asked.end();
    const [, socket] = (await once(asked, "upgrade")) as [IncomingMessage, Duplex];
    socket.on("error", () => undefined);
    return socket;
  }

  describe("a plugin in a container", () => {
    test("is private until it is made public, and then private again, for open connections too", async () => {
      const { url, call, manage } = await makeContainerServer(engine, { entries });
      const anonymous = callerOver(url);
      await manage("upgrading", { action: "install", start: true });
      expect((await anonymous("GET", "/p/upgrading/")).status).toBe(401);
      const open = { access: "public", force: true };
      expect((await anonymous("PUT", "container/plugins/upgrading/access", open)).status).toBe(401);
      expect((await call("PUT", "container/plugins/upgrading/access", open)).body).toMatchObject({
        name: "upgrading",
        access: "public",
        url: "/p/upgrading/",
        requestsPerSecond: 100,
      });
      const socket = await upgrade(`${url}/p/upgrading/`);
      socket.write("hello");
      expect(String((await once(socket, "data"))[0])).toBe("hello");
      const closed = once(socket, "close");
      const { body } = await call("PUT", "container/plugins/upgrading/access", { access: "private" });
      expect(body).toMatchObject({ access: "private", ended: 1 });
      await closed;
      expect((await anonymous("GET", "/p/upgrading/")).status).toBe(401);
      const { items } = (await call("GET", "audit?action=plugin.access.")).body;
      expect(items.map(({ action, outcome }: Record<string, string>) => [action, outcome])).toEqual([
        ["plugin.access.private", "ok"],
        ["plugin.access.public", "ok"],
      ]);
      await manage("upgrading", { action: "remove" });
    });

    test("is made public without force only when it asks for a login by itself", async () => {
      const { call, manage } = await makeContainerServer(engine, { entries });
      await manage("web", { action: "install", start: true });
      await manage("login", { action: "install", start: true });
      const refused = await call("PUT", "container/plugins/web/access", { access: "public" });
      expect(refused).toMatchObject({ status: 422, body: { code: "verification" } });
      expect(refused.body.detail).toContain("its first page asks for no login");
      expect((await call("GET", "container/plugins/web/access")).body).toMatchObject({
        access: "private",
        authenticates: false,
      });
      const opened = await call("PUT", "container/plugins/login/access", { access: "public" });
      expect(opened.body).toMatchObject({ access: "public", authenticates: true, warnings: [] });
      await manage("login", { action: "kill" });
      expect((await call("GET", "container/plugins/login/access")).body).toMatchObject({
        authenticates: null,
        warnings: ["login: it is exited and cannot be asked"],
      });
      expect((await call("GET", "container/plugins/none/access")).body).toMatchObject({ code: "not_found" });
    });

    test("answers 503 when it is stopped or paused, and again when it was started", async () => {
      const { call, manage } = await makeContainerServer(engine);
      await manage("web", { action: "install" });
      expect(await call("GET", "/p/web/")).toMatchObject({ status: 503, body: { state: "created" } });
      await manage("web", { action: "start" });
      expect((await call("GET", "/p/web/")).body).toBe("hello admin\n");
      await manage("web", { action: "pause" });
      expect(await call("GET", "/p/web/")).toMatchObject({ status: 503, body: { state: "paused" } });
      await manage("web", { action: "resume" });
      await manage("web", { action: "restart" });
      expect((await call("GET", "/p/web/")).body).toBe("hello admin\n");
    });

    test("that is stopped in the middle of an answer breaks it off", async () => {
      const { url, admin, manage } = await makeContainerServer(engine);
      await manage("web", { action: "install", start: true });
      const answer = await fetch(`${url}/p/web/cgi-bin/slow`, { headers: admin.headers });
      const reader = answer.body?.getReader();
      expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("begin\n");
      const rest = reader?.read().then(
        ({ done }) => (done ? "ended" : "more"),
        () => "broken",
      );
      await manage("web", { action: "kill" });
      expect(await rest).toBe("broken");
    });

    test("of another user's with the same name has an address of its own", async () => {
      const { call, manage, admin, url } = await makeContainerServer(engine);
      await manage("web", { action: "install", start: true });
      await call("POST", "users", { login: "bob", password: "bob's password", roles: [{ role: "admin" }] });
      const install = await call("POST", "/v1/users/bob/plugins/web", { action: "install", start: true });
      expect(install.status).toBe(202);
      const bobs = () => call("GET", "/v1/users/bob/plugins/web");
      while ((await bobs()).body.state !== "running") await sleep(50);
      expect((await bobs()).body.url).toBe("/p/web-bob/");
      const texts = await Promise.all(
        ["/p/web/", "/p/web-bob/", "/users/bob/plugins/web/"].map(async (path) =>
          (await fetch(`${url}${path}`, { headers: admin.headers })).text(),
        ),
      );
      expect(texts).toEqual(["hello admin\n", "hello bob\n", "hello bob\n"]);
    });

    test("that somebody installed past the server is found, and begins as private", async () => {
      const { call, manage } = await makeContainerServer(engine);
      await manage("web", { action: "install", start: true });
      await call("PUT", "container/plugins/web/access", { access: "public", force: true });
      const container = engine.api.getContainer("admin-web");
      const { Config, HostConfig } = await container.inspect();
      await container.remove({ force: true });
      await engine.api.createContainer({
        name: "admin-other",
        ...Config,
        HostConfig,
        Labels: { ...Config.Labels, "io.plugctl.plugin": "other" },
      });
      await engine.api.getContainer("admin-other").start();
      await sleep(1_100);
      expect((await call("GET", "/p/other/")).body).toBe("hello admin\n");
      expect((await call("GET", "container/plugins/other/access")).body).toMatchObject({ access: "private" });
    });
  });
});

describe("under load", () => {
  test("10,000 requests pass without an error", async () => {
    const plugin = await serveHttp((asked, response) => response.end(`${asked.url}`));
    const { url, plugin: published, admin } = await makeIngress(plugin.url);
    published.access = "private";
    const paths = Array.from({ length: 10_000 }, (_, index) => `/${index}`);
    const wrong: string[] = [];
    const worker = async () => {
      for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
        const answer = await fetch(`${url}/p/demo${path}`, { headers: admin.headers });
        if (answer.status !== 200 || (await answer.text()) !== path) wrong.push(path);
      }
    };
    await Promise.all(Array.from({ length: 32 }, worker));
    expect(wrong).toEqual([]);
  }, 120_000);

  test("1,000 WebSockets are open at the same time, and each gets its own messages", async () => {
    const plugin = await serveHttp((_asked, response) => response.end());
    const sockets = new WebSocketServer({ server: plugin.server });
    sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
    const { url, plugin: published, connections } = await makeIngress(plugin.url);
    published.access = "public";
    const clients: WebSocket[] = [];
    for (let count = 0; count < 1_000; count += 50) {
      const opened = Array.from({ length: 50 }, () => new WebSocket(`${url.replace("http", "ws")}/p/demo/`));
      clients.push(...opened);
      await Promise.all(opened.map((client) => once(client, "open")));
    }
    expect(sockets.clients.size).toBe(1_000);
    for (let round = 0; round < 3; round++) {
      const answers = clients.map(async (client, index) => {
        const message = once(client, "message");
        client.send(`${round} ${index}`);
        return String((await message)[0]) === `${round} ${index}`;
      });
      expect((await Promise.all(answers)).every(Boolean)).toBe(true);
    }
    const closed = Promise.all(clients.map((client) => once(client, "close")));
    expect(connections.endOf("admin/demo", null)).toBe(1_000);
    await closed;
  }, 120_000);
});
