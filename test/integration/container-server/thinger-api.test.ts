import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Registry } from "prom-client";
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { containerModule } from "../../../src/server/container/module.ts";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { makeContainerServer, webEntry } from "../../helpers/container-server.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { freePort } from "../../helpers/free-port.ts";
import { caller } from "../../helpers/http-client.ts";
import { writeFiles } from "../../helpers/plugin-folder.ts";

describeWith(["docker.io", "busybox-static"], "the server over an engine", () => {
  const engine = useDockerEngine();

  beforeAll(async () => {
    await busyboxImage(engine.api, "web:1.0.0", { program: "http" });
    await busyboxImage(engine.api, "web:1.1.0", { program: "http", files: { "etc/release": "1.1" } });
  });

  /** What a failed test left must not fail the next ones. */
  afterEach(async () => {
    for (const { Id } of await engine.api.listContainers({ all: true })) {
      await engine.api.getContainer(Id).remove({ force: true });
    }
  });

  const PLUGIN = "/v1/users/admin/plugins/web";

  /** Environment of a plugin's container, as the engine has it. */
  async function environment(name: string): Promise<Map<string, string>> {
    const { Config } = await engine.api.getContainer(`admin-${name}`).inspect();
    return new Map(Config.Env.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
  }

  describe("Thinger's plugin API", () => {
    test("installs a plugin, controls it, and removes it with everything that came with it", async () => {
      const { call, manage, url } = await makeContainerServer(engine);
      expect((await call("GET", "/v1/users/admin/plugins")).body).toEqual([]);
      const installed = await manage("web", { action: "install" });
      expect(installed).toMatchObject({ name: "web", version: "1.0.0", state: "installed" });
      expect((await call("GET", PLUGIN)).body).toMatchObject({
        plugin: "web",
        state: "installed",
        type: "container",
        access: "private",
        url: "/p/web/",
        manifest: { name: "web" },
      });
      for (const [action, state, changed] of [
        ["start", "running", true],
        ["start", "running", false],
        ["pause", "paused", true],
        ["resume", "running", true],
        ["restart", "running", true],
        ["kill", "stopped", true],
        ["stop", "stopped", false],
        ["start", "running", true],
      ] as const) {
        expect(await manage("web", { action })).toMatchObject({ plugin: "web", state, changed });
      }
      const page = await call("GET", "/p/web/");
      expect([page.status, page.body]).toEqual([200, "hello admin\n"]);
      const token = (await environment("web")).get("THINGER_TOKEN_WEB_CALLBACK") ?? "";
      const asPlugin = () =>
        fetch(`${url}/users/admin/plugins/web/`, { headers: { authorization: `Bearer ${token}` } });
      expect((await asPlugin()).status).toBe(200);
      expect(await manage("web", { action: "remove" })).toMatchObject({ state: "available" });
      expect((await call("GET", PLUGIN)).status).toBe(404);
      expect(await engine.api.listContainers({ all: true })).toEqual([]);
      expect((await asPlugin()).status).toBe(404);
      const listed = (await call("GET", "tokens")).body.items.find((item: { note: string }) =>
        item.note.startsWith("web_callback"),
      );
      expect(listed).toMatchObject({ state: "revoked", scopes: [] });
    });

    test("refuses what the state forbids, and what is not there, in the platform's shape", async () => {
      const { call, manage } = await makeContainerServer(engine);
      await manage("web", { action: "install" });
      const paused = await call("POST", PLUGIN, { action: "pause" });
      expect(paused).toMatchObject({ status: 409, body: { error: { code: "conflict" } } });
      expect(paused.body.error.message).toContain("cannot be paused");
      expect((await call("POST", PLUGIN, { action: "explode" })).body).toMatchObject({
        error: { code: "bad_request" },
      });
      expect(await call("GET", "/v1/users/admin/plugins/none")).toMatchObject({ status: 404 });
      for (const path of ["devices", "devices/x/properties", "buckets"]) {
        const { status, body } = await call("POST", `/v3/users/admin/${path}`, {});
        expect([status, body.error.code]).toEqual([404, "not_found"]);
      }
      await manage("web", { action: "remove" });
    });

    test("leaves nothing behind when an installation fails", async () => {
      const port = await freePort();
      const { call, manage } = await makeContainerServer(engine, {
        entries: {
          broken: webEntry({
            name: "broken",
            task: { type: "docker", image: "no-such-image:1" },
            resources: {
              proxies: [
                {
                  proxy: "broken-port",
                  name: "x",
                  enabled: true,
                  config: {
                    protocol: "tcp",
                    source: { port },
                    target: { type: "plugin", port: 80, plugin: { name: "broken", user: "admin" } },
                  },
                },
              ],
            },
          }),
        },
      });
      await expect(manage("broken", { action: "install" })).rejects.toThrow(/no-such-image/);
      expect(await engine.api.listContainers({ all: true })).toEqual([]);
      expect((await call("GET", "/v1/proxies")).body).toEqual([]);
      const { items } = (await call("GET", "tokens")).body;
      expect(
        items.filter(
          ({ note, state }: Record<string, string>) => note?.includes("broken") && state === "active",
        ),
      ).toEqual([]);
      const { items: rows } = (await call("GET", "audit?action=plugin.install")).body;
      expect(rows[0]).toMatchObject({ outcome: "failed", resource: "plugin:admin/broken" });
    });

    test("keeps settings, tokens and access over an upgrade", async () => {
      const { call, manage, marketplace } = await makeContainerServer(engine);
      await manage("web", { action: "install", start: true, settings: { env: { GREETING: "mine" } } });
      await call("PUT", "container/plugins/web/access", { access: "public", force: true });
      const before = (await environment("web")).get("THINGER_TOKEN_WEB_CALLBACK");
      await writeFiles(`${marketplace}/web`, { "plugin.json": webEntry({ version: "1.1.0" }) });
      const upgraded = await manage("web", { action: "upgrade" });
      expect(upgraded).toMatchObject({ version: "1.1.0", previousVersion: "1.0.0", state: "running" });
      expect((await environment("web")).get("THINGER_TOKEN_WEB_CALLBACK")).toBe(before);
      expect((await call("GET", "/p/web/")).body).toBe("mine\n");
      expect((await call("GET", PLUGIN)).body).toMatchObject({ version: "1.1.0", access: "public" });
      await manage("web", { action: "remove", purge: true });
    });

    test("installs products as what they are: data without a container", async () => {
      const { call, manage } = await makeContainerServer(engine);
      expect(await manage("sensor", { action: "install" })).toMatchObject({
        name: "sensor",
        version: "2.0.0",
      });
      expect((await call("GET", "/v1/users/admin/plugins?id=sensor")).body).toMatchObject([
        { plugin: "sensor", type: "product", state: "installed", category: "devices" },
      ]);
      expect(
        (await call("GET", "/v1/users/admin/plugins/sensor")).body.manifest.resources.products,
      ).toHaveLength(1);
      expect((await call("POST", "/v1/users/admin/plugins/sensor", { action: "start" })).status).toBe(404);
      await manage("sensor", { action: "remove" });
      expect((await call("GET", "/v1/users/admin/plugins")).body).toEqual([]);
    });

    test("keeps properties of plugins", async () => {
      const { call, manage } = await makeContainerServer(engine);
      const all = "/v1/users/admin/plugins/sensor/properties";
      expect((await call("GET", all)).status).toBe(404);
      await manage("sensor", { action: "install" });
      expect((await call("POST", all, { property: "settings", value: { a: 1, b: { c: 2 } } })).status).toBe(
        200,
      );
      expect(
        (
          await call("POST", all, [
            { property: "x", value: null },
            { property: "settings", value: 1 },
          ])
        ).status,
      ).toBe(409);
      expect((await call("GET", all)).body).toEqual([{ property: "settings", value: { a: 1, b: { c: 2 } } }]);
      expect(
        (await call("PATCH", `${all}/settings`, { value: { b: { c: null, d: 3 } } })).body.value,
      ).toEqual({
        a: 1,
        b: { d: 3 },
      });
      expect((await call("POST", `${all}/settings/clone`, { property: "copy" })).body.value).toEqual({
        a: 1,
        b: { d: 3 },
      });
      expect((await call("PUT", `${all}/copy`, { value: [1, 2] })).status).toBe(200);
      expect((await call("GET", `${all}/copy`)).body).toEqual({ property: "copy", value: [1, 2] });
      expect((await call("DELETE", `${all}/copy`)).status).toBe(204);
      expect((await call("DELETE", `${all}/copy`)).status).toBe(404);
      expect((await call("POST", all, { property: "y" })).status).toBe(400);
      await manage("sensor", { action: "remove" });
    });

    test("runs commands, and opens shells as WebSockets", async () => {
      const { call, manage, url, admin } = await makeContainerServer(engine);
      await manage("web", { action: "install", start: true });
      const run = (command: string) => call("GET", `${PLUGIN}/terminal?${new URLSearchParams({ command })}`);
      expect((await run("echo out; echo err >&2; exit 3")).body).toEqual({
        code: 3,
        stdout: "out\n",
        stderr: "err\n",
        truncated: false,
      });
      expect((await call("GET", `${PLUGIN}/terminal/shell`)).status).toBe(426);
      const socket = new WebSocket(
        `${url.replace("http", "ws")}${PLUGIN}/terminal/shell?columns=90&rows=30`,
        {
          headers: admin.headers,
        },
      );
      const messages: unknown[] = [];
      let printed = "";
      socket.on("message", (data, isBinary) => {
        if (isBinary) printed += data;
        else messages.push(JSON.parse(String(data)));
      });
      await once(socket, "open");
      socket.send(Buffer.from("stty size; echo d''one\n"));
      while (!printed.includes("done")) await sleep(20);
      expect(printed).toContain("30 90");
      socket.send(JSON.stringify({ type: "resize", columns: 100, rows: 40 }));
      await sleep(200);
      socket.send(Buffer.from("stty size; exit 7\n"));
      await once(socket, "close");
      expect(printed).toContain("40 100");
      expect(messages).toEqual([{ type: "exit", code: 7 }]);
      await manage("web", { action: "remove" });
    });

    test("a command over a WebSocket reads input and tells its outputs apart", async () => {
      const { manage, url, admin } = await makeContainerServer(engine);
      await manage("web", { action: "install", start: true });
      const query = new URLSearchParams({ command: "cat; echo err >&2" });
      const socket = new WebSocket(`${url.replace("http", "ws")}${PLUGIN}/terminal?${query}`, {
        headers: admin.headers,
      });
      const printed: Record<number, string> = { 1: "", 2: "" };
      socket.on("message", (data: Buffer, isBinary) => {
        if (isBinary) printed[data[0] ?? 0] += data.subarray(1).toString();
      });
      await once(socket, "open");
      socket.send(Buffer.from("typed"));
      socket.send(JSON.stringify({ type: "end" }));
      await once(socket, "close");
      expect(printed).toEqual({ 1: "typed", 2: "err\n" });
      await manage("web", { action: "remove" });
    });

    test("gives logs as text, as JSON lines, and live", async () => {
      await busyboxImage(engine.api, "ticker:1", { program: "ticker" });
      const { call, manage, url, admin } = await makeContainerServer(engine);
      await manage("ticks", { action: "install", image: "ticker:1", start: true });
      await sleep(500);
      const logs = "/v1/users/admin/plugins/ticks/terminal/logs";
      expect(String((await call("GET", logs)).body)).toMatch(/^tick 1\ntick 2\n/);
      const answer = await fetch(`${url}${logs}?tail=1&follow=1`, {
        headers: { ...admin.headers, accept: "application/x-ndjson" },
      });
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      const line = JSON.parse(((await reader?.read())?.value ?? "").split("\n")[0] ?? "");
      expect(line).toMatchObject({ stream: "stdout", text: expect.stringMatching(/^tick \d+$/) });
      await reader?.cancel();
      const socket = new WebSocket(`${url.replace("http", "ws")}${logs}?follow=1&tail=1`, {
        headers: admin.headers,
      });
      const [message] = await once(socket, "message");
      expect(JSON.parse(String(message))).toMatchObject({ type: "line", stream: "stdout" });
      socket.terminate();
      await manage("ticks", { action: "remove" });
    });

    test("opens proxies to plugins", async () => {
      const { call, manage } = await makeContainerServer(engine);
      await manage("web", { action: "install", start: true });
      const port = await freePort();
      const proxy = {
        proxy: "web-port",
        name: "Web",
        enabled: true,
        config: {
          protocol: "tcp",
          source: { port },
          target: { type: "plugin", port: 8080, plugin: { name: "web", user: "admin" } },
        },
      };
      expect((await call("POST", "/v1/proxies", proxy)).body).toMatchObject({
        proxy: "web-port",
        state: "open",
      });
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("hello admin\n");
      expect((await call("POST", "/v1/proxies", proxy)).status).toBe(409);
      expect((await call("POST", "/v1/proxies", { ...proxy, proxy: "other" })).body.error.message).toContain(
        "in use",
      );
      const closed = await call("PUT", "/v1/proxies/web-port", { ...proxy, enabled: false });
      expect(closed.body).toMatchObject({ state: "closed" });
      await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
      expect((await call("DELETE", "/v1/proxies/web-port")).status).toBe(204);
      expect((await call("GET", "/v1/proxies/web-port")).status).toBe(404);
      await manage("web", { action: "remove" });
    });

    test("signs in with the password flow of OAuth", async () => {
      const { app, admin } = await makeContainerServer(engine);
      const ask = (form: Record<string, string>) =>
        app.inject({
          method: "POST",
          url: "/oauth/token",
          headers: { "content-type": "application/x-www-form-urlencoded" },
          payload: new URLSearchParams(form).toString(),
        });
      const right = await ask({ grant_type: "password", username: admin.login, password: admin.password });
      const { access_token: token, refresh_token: refresh } = right.json();
      expect((await caller(app, `Bearer ${token}`)("GET", "/v1/users/admin/plugins")).status).toBe(200);
      expect((await ask({ grant_type: "refresh_token", refresh_token: refresh })).statusCode).toBe(200);
      const wrong = await ask({ grant_type: "password", username: admin.login, password: "no" });
      expect([wrong.statusCode, wrong.json().error]).toEqual([400, "invalid_grant"]);
      expect((await ask({ grant_type: "implicit" })).json().error).toBe("invalid_request");
    });
  });

  describe("permissions", () => {
    async function withUser(server: Awaited<ReturnType<typeof makeContainerServer>>, roles: string[]) {
      const { call, app } = server;
      await call("POST", "roles", { id: "operator", permissions: ["read", "deploy"] });
      const user = { login: "bob", password: "bob's password", roles: roles.map((role) => ({ role })) };
      expect((await call("POST", "users", user)).status).toBe(201);
      return caller(app, `Basic ${Buffer.from("bob:bob's password").toString("base64")}`);
    }

    test("a user controls the plugins that are the user's own", async () => {
      const server = await makeContainerServer(engine);
      const bob = await withUser(server, ["operator"]);
      expect((await bob("GET", "/v1/users/bob/plugins")).body).toEqual([]);
      for (const [method, path] of [
        ["GET", "/v1/users/admin/plugins"],
        ["POST", PLUGIN],
      ] as const) {
        const refused = await bob(method, path, method === "POST" ? { action: "start" } : undefined);
        expect(refused).toMatchObject({ status: 403, body: { error: { code: "scope_missing" } } });
      }
      const [denied] = (await server.call("GET", "audit?outcome=denied")).body.items;
      expect(denied).toMatchObject({ actor: "bob", action: "authorize.ManagePluginState" });
      expect((await bob("GET", "/v1/users/bob/plugins/x")).status).toBe(404);
      expect((await caller(server.app)("GET", "/v1/users/bob/plugins")).status).toBe(401);
    });

    test("settings that reach beyond the plugin are for administrators, as are proxies", async () => {
      const server = await makeContainerServer(engine);
      const bob = await withUser(server, ["operator"]);
      const install = (settings: object) =>
        bob("POST", "/v1/users/bob/plugins/web", { action: "install", settings });
      for (const settings of [
        { volumes: ["/:/host"] },
        { volumes: ["admin-web.data:/x"] },
        { ports: ["0.0.0.0:80:80"] },
      ])
        expect((await install(settings)).status).toBe(403);
      expect((await bob("GET", "/v1/proxies")).status).toBe(200);
      const proxy = {
        proxy: "p",
        config: {
          protocol: "tcp",
          source: { port: 1 },
          target: { type: "address", address: "10.0.0.1", port: 22 },
        },
      };
      expect((await bob("POST", "/v1/proxies", proxy)).status).toBe(403);
    });

    test("a viewer sees and changes nothing", async () => {
      const server = await makeContainerServer(engine);
      const viewer = await withUser(server, ["viewer"]);
      expect((await viewer("GET", "/v1/users/bob/plugins")).status).toBe(200);
      expect((await viewer("POST", "/v1/users/bob/plugins/web", { action: "install" })).status).toBe(403);
      expect((await viewer("GET", "/v1/users/bob/plugins/web/terminal?command=id")).status).toBe(403);
    });

    test("a plugin's token may do what its entry lists, and nothing else", async () => {
      const server = await makeContainerServer(engine, {
        entries: {
          web: webEntry({
            tokens: {
              settings: { name: "Settings", allow: { Plugin: { web: ["ReadPlugin*"] } } },
            },
          }),
        },
      });
      await server.manage("web", { action: "install" });
      await server.manage("sensor", { action: "install" });
      const token = (await environment("web")).get("THINGER_TOKEN_SETTINGS");
      const plugin = caller(server.app, `Bearer ${token}`);
      await server.call("POST", `${PLUGIN}/properties`, { property: "settings", value: 1 });
      expect((await plugin("GET", `${PLUGIN}/properties/settings`)).body.value).toBe(1);
      for (const [method, path, body] of [
        ["PUT", `${PLUGIN}/properties/settings`, { value: 2 }],
        ["GET", "/v1/users/admin/plugins", undefined],
        ["GET", "/v1/users/admin/plugins/sensor", undefined],
        ["POST", PLUGIN, { action: "start" }],
        ["GET", "users", undefined],
        ["GET", "marketplace", undefined],
      ] as const)
        expect((await plugin(method, path, body)).status).toBe(403);
      await server.manage("web", { action: "remove" });
    });
  });

  describe("the marketplace", () => {
    test("is searched and shown", async () => {
      const { call } = await makeContainerServer(engine);
      const { items } = (await call("GET", "marketplace?q=page")).body;
      expect(items).toMatchObject([
        { name: "web", version: "1.0.0", kind: "container", category: "development" },
      ]);
      expect((await call("GET", "marketplace?vendor=acme")).body.items).toMatchObject([{ name: "sensor" }]);
      expect((await call("GET", "marketplace/web")).body).toMatchObject({
        readme: "# web",
        versions: ["1.0.0"],
        manifest: { name: "web" },
      });
      expect((await call("GET", "marketplace/none")).body).toMatchObject({ code: "not_found" });
      const file = await call("GET", "marketplace/web/files/assets/web.svg");
      expect(file).toMatchObject({ status: 200, headers: { "content-disposition": "attachment" } });
      expect((await call("GET", "marketplace/web/files/..%2Fsensor%2Fplugin.json")).status).toBe(422);
    });

    test("takes what the platform's pipeline publishes", async () => {
      const { call, manage } = await makeContainerServer(engine);
      const entry = {
        ...webEntry(),
        name: "pushed",
        version: "1.0.0",
        task: { ...webEntry().task, image: "web:1.0.0" },
      };
      const body = { plugin: "pushed", version: "v1.0.0", branch: "main", commit: "abc", plugin_file: entry };
      const put = (tag: string, content: object) => call("PUT", `/plugins/pushed/tags/${tag}`, content);
      expect((await put("v1.0.0", body)).body).toEqual({
        plugin: "pushed",
        version: "v1.0.0",
        status: "published",
      });
      expect((await put("v1.0.0", body)).body.status).toBe("unchanged");
      expect((await put("v1.0.0", { ...body, plugin_file: { ...entry, description: "Other" } })).status).toBe(
        409,
      );
      expect((await put("v2.0.0", body)).status).toBe(422);
      expect((await call("GET", "marketplace?q=pushed")).body.items).toMatchObject([
        { name: "pushed", origin: "published" },
      ]);
      expect(await manage("pushed", { action: "install" })).toMatchObject({ name: "pushed" });
      await manage("pushed", { action: "remove" });
    });

    test("gives the files of an installed plugin", async () => {
      const { call, manage } = await makeContainerServer(engine);
      await manage("web", { action: "install" });
      const file = await call("GET", `${PLUGIN}/files/assets/web.svg`);
      expect(file.headers).toMatchObject({
        "content-type": "image/svg+xml",
        "content-security-policy": expect.stringContaining("sandbox"),
      });
      await manage("web", { action: "remove" });
    });
  });

  test("a server that starts again clears what is left of plugins that are gone", async () => {
    const port = await freePort();
    const proxies = [
      {
        proxy: "web-port",
        name: "Web",
        enabled: true,
        config: {
          protocol: "tcp",
          source: { port },
          target: { type: "plugin", port: 8080, plugin: { name: "web", user: "admin" } },
        },
      },
    ];
    const { frame, call, manage } = await makeContainerServer(engine, {
      entries: { web: webEntry({ resources: { proxies } }) },
    });
    await manage("web", { action: "install" });
    await manage("sensor", { action: "install" });
    const { items } = (await call("GET", "tokens")).body;
    expect(items.filter(({ note }: { note: string }) => note.startsWith("web_callback"))).toHaveLength(1);
    await engine.api.getContainer("admin-web").remove({ force: true });
    // The same data, as a server finds it that starts anew; the first one still holds the port.
    await call("PUT", "/v1/proxies/web-port", { ...proxies[0], enabled: false });
    const again = await containerModule.start({ ...frame.context, metrics: new Registry() });
    onTestFinished(() => again.stop?.());
    const tokens = (await call("GET", "tokens")).body.items;
    expect(tokens.find(({ note }: { note: string }) => note.startsWith("web_callback")).state).toBe(
      "revoked",
    );
    expect(await again.counts?.()).toMatchObject({ proxies: 0 });
    expect((await call("GET", "/v1/users/admin/plugins")).body).toMatchObject([{ plugin: "sensor" }]);
  });
});
