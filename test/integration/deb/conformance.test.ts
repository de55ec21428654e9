import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AsyncMessage } from "rabbitmq-client";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { parse } from "yaml";
import { makePackage } from "../../helpers/deb-package.ts";
import { ADMIN_PASSWORD, type DebServer, startDebServer } from "../../helpers/deb-server.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { basic } from "../../helpers/http-client.ts";
import { serveHttp } from "../../helpers/http-server.ts";
import { makePluginRepository, type WazoPlugin } from "../../helpers/plugin-repository.ts";
import { useRabbitMq } from "../../helpers/rabbitmq.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

/** Where the plugins of these tests leave word of what they did. */
const RESULTS = "/var/lib/results";
const WAZO_VERSION = "17.10";

const INSTALLATION = [
  "starting",
  "downloading",
  "extracting",
  "validating",
  "installing dependencies",
  "building",
  "packaging",
  "updating",
  "installing",
  "cleaning",
  "completed",
];

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await condition()); await sleep(50)) {
    if (Date.now() > deadline) throw new Error("it did not happen in time");
  }
}

/** Signs in as clients of wazo-auth do. */
async function tokenFor(server: DebServer, login: string, password: string): Promise<string> {
  const answer = await fetch(`${server.url}/0.1/token`, {
    method: "POST",
    headers: { authorization: basic(login, password), "content-type": "application/json" },
    body: JSON.stringify({ expiration: 600 }),
  });
  const { data } = (await answer.json()) as { data: { token: string } };
  return data.token;
}

/** A second server in the place of a wazo-auth, without an account for the service yet. */
async function startAuth() {
  const server = await startDebServer();
  const keyFile = join(await makeTempDir(), "key.yml");
  const account = { login: "plugind-service", password: "the password of the service" };
  await writeFile(keyFile, `service_id: ${account.login}\nservice_key: ${account.password}\n`);
  vi.stubEnv("PLUGCTL_WAZO_AUTH_KEY_FILE", keyFile);
  onTestFinished(() => void vi.unstubAllEnvs());
  return {
    server,
    adminToken: () => tokenFor(server, "admin", ADMIN_PASSWORD),
    async addService() {
      await server.call("POST", "/api/v1/users", account);
      await server.call("PUT", `/api/v1/users/${account.login}/roles/admin`);
    },
  };
}

/** A flat APT archive with one package on a free port. */
async function serveArchive(given: { name: string }): Promise<{ line: string }> {
  const folder = await makeTempDir();
  const made = await makePackage(folder, {
    ...given,
    files: { [`usr/share/${given.name}`]: "here\n" },
    fields: { Section: "utils" },
  });
  const content = await readFile(made);
  const control = execFileSync("dpkg-deb", ["--field", made], { encoding: "utf8" });
  const sha256 = createHash("sha256").update(content).digest("hex");
  const files = new Map<string, Buffer | string>([
    ["package.deb", content],
    ["Packages", `${control}Filename: ./package.deb\nSize: ${content.length}\nSHA256: ${sha256}\n`],
  ]);
  const { url } = await serveHttp((request, response) => {
    const file = files.get(basename(request.url ?? ""));
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });
  return { line: `deb [trusted=yes] ${url} ./` };
}

/** A plugin each step of which leaves a file. */
const foobar = (more: WazoPlugin = {}): WazoPlugin => ({
  ...more,
  rules: {
    build: "touch build_success",
    package: `mkdir -p "$pkgdir${RESULTS}"; mv build_success "$pkgdir${RESULTS}/"; touch "$pkgdir${RESULTS}/package_success"`,
    install: `touch ${RESULTS}/install_success`,
    uninstall: `rm -f ${RESULTS}/install_success`,
    ...more.rules,
  },
});

/**
 * The cases of wazo-plugind's own integration tests, each by its name, over HTTP and a real RabbitMQ. What they look up in
 * the file system of the service's container is looked up in the root folder here.
 */
describeWith(["rabbitmq-server"], "wazo-plugind's integration tests", () => {
  const rabbit = useRabbitMq();

  /** Messages about one task, once the last one is there. */
  async function eventsOf(messages: AsyncMessage[], uuid: string) {
    for (const deadline = Date.now() + 60_000; ; await sleep(20)) {
      const data = messages.map((message) => message.body.data).filter((found) => found.uuid === uuid);
      if (["completed", "error"].includes(data.at(-1)?.status)) return data;
      if (Date.now() > deadline) throw new Error(`no last message about ${uuid}: ${JSON.stringify(data)}`);
    }
  }

  const statusesOf = async (messages: AsyncMessage[], uuid: string) =>
    (await eventsOf(messages, uuid)).map((data) => data.status);

  /** A server for the cases of one class. */
  function useServer(options: Parameters<typeof startDebServer>[0] = {}): DebServer {
    const own: { server?: DebServer } = {};
    beforeAll(async () => {
      own.server = await startDebServer({ amqp: rabbit.url, wazoVersion: WAZO_VERSION, ...options });
    });
    afterAll(() => own.server?.stop());
    return new Proxy({} as DebServer, { get: (_target, key) => Reflect.get(own.server ?? {}, key) });
  }

  async function installed(server: DebServer, method: string, options: Record<string, unknown>) {
    const task = await server.ended(await server.install(method, options));
    if (task.state !== "succeeded") throw new Error(JSON.stringify(task.error));
    return task;
  }

  const removed = async (server: DebServer, namespace: string, name: string) =>
    server.ended(await server.uninstall(namespace, name));

  describe("TestPluginList", () => {
    const server = useServer();

    test("that an unauthorized token returns 401", async () => {
      expect((await server.call("GET", "/0.2/plugins", undefined, "expired")).status).toBe(401);
    });

    test("that installed plugins are listed", async () => {
      expect((await server.call("GET", "/0.2/plugins")).body).toEqual({ items: [], total: 0 });
      const { url } = await makePluginRepository(foobar());
      await installed(server, "git", { url });
      expect((await server.call("GET", "/0.2/plugins")).body).toMatchObject({
        total: 1,
        items: [{ namespace: "plugindtests", name: "foobar" }],
      });
    });
  });

  describe("TestPluginDependencies", () => {
    const market: unknown[] = [];
    const server = useServer({ market });

    /** Pushes plugins that need each other and offers them in the market. */
    async function offer(plugins: Record<string, string[]>): Promise<Record<string, string>> {
      const urls: Record<string, string> = {};
      const items = [];
      for (const [key, needed] of Object.entries(plugins)) {
        const [namespace = "", name = ""] = key.split("/");
        const depends = needed.map((other) => {
          const [itsNamespace, itsName] = other.split("/");
          return { namespace: itsNamespace, name: itsName };
        });
        const { url } = await makePluginRepository({ namespace, name, description: { depends } });
        urls[key] = url;
        items.push({ namespace, name, versions: [{ version: "0.0.1", method: "git", options: { url } }] });
      }
      const file = join(server.dataDir, "..", "market.json");
      await writeFile(`${file}.new`, JSON.stringify({ items }));
      await rename(`${file}.new`, file);
      return urls;
    }

    const GRAPH = {
      "dependency/one": ["dependency/two", "dependency/three"],
      "dependency/two": [],
      "dependency/three": ["dependency/four"],
      "dependency/four": [],
    };
    const PACKAGES = ["one", "two", "three", "four"].map((name) => `wazo-plugind-${name}-dependency`);
    const present = () => Promise.all(PACKAGES.map((name) => server.hasPackage(name)));

    /** Whatever a test has left. */
    async function clear(): Promise<void> {
      const { body } = await server.call("GET", "/0.2/plugins");
      for (const { namespace, name } of body.items) {
        const { status } = await server.call("GET", `/0.2/plugins/${namespace}/${name}`);
        if (status === 200) await removed(server, namespace, name);
      }
    }

    test("that dependencies are installed", async () => {
      await offer(GRAPH);
      await installed(server, "market", { namespace: "dependency", name: "one" });
      expect(await present()).toEqual([true, true, true, true]);
      await clear();
    });

    test("that a satisfied dependency does not block the install", async () => {
      await offer(GRAPH);
      await installed(server, "market", { namespace: "dependency", name: "two" });
      await sleep(500);
      const { messages } = await rabbit.listen();
      const uuid = await server.install("market", { namespace: "dependency", name: "one" });
      await eventsOf(messages, uuid);
      await sleep(500);
      const completed = messages.filter((message) => message.body.data.status === "completed");
      expect(completed).toHaveLength(4);
      await clear();
    });

    test("given a dependency error when install then error", async () => {
      const urls = await offer({
        ...GRAPH,
        "dependencynotfound/one": ["dependency/not-found", "dependency/three"],
      });
      const { messages } = await rabbit.listen();
      const uuid = await server.install("market", { namespace: "dependencynotfound", name: "one" });
      expect((await eventsOf(messages, uuid)).at(-1)).toMatchObject({
        status: "error",
        errors: { details: { install_options: { url: urls["dependencynotfound/one"] } } },
      });
      const failures = messages.map((message) => message.body.data).filter((data) => data.status === "error");
      expect(failures).toContainEqual(
        expect.objectContaining({
          parent_uuid: uuid,
          errors: expect.objectContaining({
            details: { install_options: { namespace: "dependency", name: "not-found" } },
          }),
        }),
      );
      expect(await server.hasPackage("wazo-plugind-one-dependencynotfound")).toBe(false);
      expect(await server.hasPackage("wazo-plugind-three-dependency")).toBe(true);
      await clear();
    });
  });

  describe("TestPluginInstallation", () => {
    const server = useServer();

    /** Statuses of an installation from a repository with this plugin. */
    async function statuses(plugin: WazoPlugin, options: Record<string, unknown> = {}) {
      const { messages } = await rabbit.listen();
      const { url } = await makePluginRepository(plugin);
      const uuid = await server.install("git", { url, ...options });
      return { statuses: await statusesOf(messages, uuid), uuid, messages };
    }

    test("when it works", async () => {
      expect((await statuses(foobar())).statuses).toEqual(INSTALLATION);
      expect((await server.list(RESULTS)).sort()).toEqual([
        "build_success",
        "install_success",
        "package_success",
      ]);
    });

    test("get plugin", async () => {
      const { url } = await makePluginRepository(foobar());
      await installed(server, "git", { url });
      expect((await server.call("GET", "/0.2/plugins/plugindtests/foobar")).body).toMatchObject({
        namespace: "plugindtests",
        name: "foobar",
        version: "0.0.1",
      });
      const unknown = "/0.2/plugins/plugindtests/not-foobar";
      expect((await server.call("GET", unknown)).status).toBe(404);
      expect((await server.call("GET", unknown, undefined, "invalid-token")).status).toBe(401);
    });

    test("plugin debian dependency", async () => {
      const archive = await serveArchive({ name: "plugctl-tig" });
      await writeFile(join(server.root, "etc/apt/sources.list"), archive.line);
      const { url } = await makePluginRepository({
        name: "withtig",
        description: { debian_depends: ["plugctl-tig"] },
      });
      try {
        await installed(server, "git", { url });
      } finally {
        await writeFile(join(server.root, "etc/apt/sources.list"), "");
      }
      expect(await server.hasPackage("plugctl-tig")).toBe(true);
    });

    test("install from git branch", async () => {
      const { messages } = await rabbit.listen();
      const { url, push } = await makePluginRepository(foobar());
      push({
        ...foobar({ version: "0.0.2", branch: "v2" }),
        rules: { package: `mkdir -p "$pkgdir${RESULTS}"; touch "$pkgdir${RESULTS}/package_success_2"` },
      });
      const uuid = await server.install("git", { url, ref: "v2" });
      expect(await statusesOf(messages, uuid)).toEqual(INSTALLATION);
      expect(await server.exists(`${RESULTS}/package_success_2`)).toBe(true);
    });

    test("install from subdirectory", async () => {
      const plugin = foobar({
        name: "subdir",
        directory: "subdir",
        rules: { package: `mkdir -p "$pkgdir${RESULTS}"; touch "$pkgdir${RESULTS}/package_subdir_success"` },
      });
      expect((await statuses(plugin, { subdirectory: "subdir" })).statuses).toEqual(INSTALLATION);
      expect(await server.exists(`${RESULTS}/package_subdir_success`)).toBe(true);
    });

    test("with a postrm", async () => {
      const { url } = await makePluginRepository({
        name: "postrm",
        description: { plugin_format_version: 1 },
        rules: {
          install: `mkdir -p ${RESULTS}; touch ${RESULTS}/postinst_success`,
          uninstall: `rm ${RESULTS}/postinst_success`,
          postrm: `touch ${RESULTS}/postrm_success`,
        },
      });
      await installed(server, "git", { url });
      await removed(server, "plugindtests", "postrm");
      expect(await server.exists(`${RESULTS}/postinst_success`)).toBe(false);
      expect(await server.exists(`${RESULTS}/postrm_success`)).toBe(true);
    });

    test("that installing twice completes without reinstalling", async () => {
      const { url } = await makePluginRepository({ name: "twice" });
      await installed(server, "git", { url });
      const { messages } = await rabbit.listen();
      const uuid = await server.install("git", { url });
      expect(await statusesOf(messages, uuid)).toEqual([
        "starting",
        "downloading",
        "extracting",
        "validating",
        "completed",
      ]);
    });

    test("that installing twice with reinstall option reinstalls", async () => {
      const { url } = await makePluginRepository({ name: "again" });
      await installed(server, "git", { url });
      const { messages } = await rabbit.listen();
      const uuid = await server.install("git", { url }, "?reinstall=True");
      expect(await statusesOf(messages, uuid)).toEqual(INSTALLATION);
    });

    test("when uninstall works", async () => {
      const { url } = await makePluginRepository(
        foobar({
          name: "goes",
          rules: { package: 'mkdir -p "$pkgdir/srv/goes"; mv build_success "$pkgdir/srv/goes/"' },
        }),
      );
      await installed(server, "git", { url });
      expect(await server.exists("/srv/goes/build_success")).toBe(true);
      const { messages } = await rabbit.listen();
      const uuid = await server.uninstall("plugindtests", "goes");
      expect(await statusesOf(messages, uuid)).toEqual(["starting", "removing", "completed"]);
      expect(messages.every((message) => message.headers?.name === "plugin_uninstall_progress")).toBe(true);
      expect(await server.exists("/srv/goes/build_success")).toBe(false);
    });

    test("that plugin build directory is removed after an install", async () => {
      const { url } = await makePluginRepository({ name: "tidy" });
      await installed(server, "git", { url });
      expect(execFileSync("ls", [join(server.dataDir, "deb/sources")], { encoding: "utf8" })).toBe("");
      expect(execFileSync("ls", [join(server.dataDir, "deb/builds")], { encoding: "utf8" })).toBe("");
    });

    test("with an unknown plugin format version", async () => {
      const plugin = foobar({ name: "future", description: { plugin_format_version: 999 } });
      expect((await statuses(plugin)).statuses).toEqual([
        "starting",
        "downloading",
        "extracting",
        "validating",
        "error",
      ]);
    });

    test("that uninstalling an uninstalled plugin returns 404", async () => {
      expect((await server.call("DELETE", "/0.2/plugins/plugindtests/uninstalled")).status).toBe(404);
    });

    const INVALID: [string, WazoPlugin, Record<string, object>][] = [
      [
        "with a max version too small",
        { description: { max_wazo_version: "16.16" } },
        { max_wazo_version: { constraint_id: "range", constraint: { min: WAZO_VERSION } } },
      ],
      [
        "with a min version too high",
        { description: { min_wazo_version: "99.99" } },
        { min_wazo_version: { constraint_id: "range", constraint: { max: WAZO_VERSION } } },
      ],
      [
        "with invalid namespace",
        { namespace: "plugind-tests" },
        { namespace: { constraint_id: "regex", constraint: "^[a-z0-9]+$" } },
      ],
      [
        "with invalid name",
        { name: "foo_bar" },
        { name: { constraint_id: "regex", constraint: "^[a-z0-9-]+$" } },
      ],
    ];
    test.each(INVALID)("%s", async (_title, plugin, details) => {
      const { messages } = await rabbit.listen();
      // A bare path is an address as well.
      const { folder } = await makePluginRepository(foobar(plugin));
      const uuid = await server.install("git", { url: folder });
      const events = await eventsOf(messages, uuid);
      expect(events.map((data) => data.status)).toEqual([
        "starting",
        "downloading",
        "extracting",
        "validating",
        "error",
      ]);
      const [field = ""] = Object.keys(details);
      expect(events.at(-1)?.errors).toEqual({
        error_id: "validation-error",
        message: "Validation error",
        resource: "plugins",
        details: { [field]: { message: expect.any(String), ...details[field] } },
      });
    });

    test("that an unauthorized token returns 401", async () => {
      const body = { method: "git", options: { url: "/data/git/repo" } };
      expect((await server.call("POST", "/0.2/plugins", body, "expired")).status).toBe(401);
    });

    test("that an unauthorized token returns 401 when uninstall", async () => {
      const path = "/0.2/plugins/plugindtests/foobar";
      expect((await server.call("DELETE", path, undefined, "expired")).status).toBe(401);
    });

    test("that an unknown download method returns 400", async () => {
      const body = { method: "svn", options: { url: "/data/git/repo" } };
      expect((await server.call("POST", "/0.2/plugins", body)).status).toBe(400);
    });

    test("that an out of date debian cache does not break package install", async () => {
      const archive = await serveArchive({ name: "plugctl-key" });
      const source = await makePluginRepository({
        name: "source",
        rules: { install: `echo '${archive.line}' > /etc/apt/sources.list.d/plugin.list` },
      });
      await installed(server, "git", { url: source.url });
      const user = await makePluginRepository({
        name: "user",
        description: { debian_depends: ["plugctl-key"] },
      });
      await installed(server, "git", { url: user.url });
      expect(await server.exists("/usr/share/plugctl-key")).toBe(true);
    });

    test("a plugin with a failing build step", async () => {
      const { messages } = await rabbit.listen();
      const { url } = await makePluginRepository({
        name: "fails",
        rules: { build: "echo no compiler; exit 3" },
      });
      const events = await eventsOf(messages, await server.install("git", { url }));
      expect(events.map((data) => data.status)).toEqual([
        "starting",
        "downloading",
        "extracting",
        "validating",
        "installing dependencies",
        "building",
        "error",
      ]);
      expect(events.at(-1)?.errors).toEqual({
        error_id: "install-error",
        message: "Installation error",
        resource: "plugins",
        details: { step: "building" },
      });
      expect(events.at(-1)?.log).toContain("no compiler");
    });

    test("that empty body for post plugins returns 400", async () => {
      expect((await server.call("POST", "/0.2/plugins", "")).status).toBe(400);
      expect((await server.call("POST", "/0.2/plugins")).status).toBe(400);
    });
  });

  describe("TestMarket", () => {
    const market: Record<string, unknown>[] = [];
    const server = useServer({ market });
    const COUNT = 24;

    beforeAll(async () => {
      const screens = [
        "call-permission",
        "conference",
        "context",
        "dhcp",
        "entity",
        "funckey",
        "group",
        "incall",
      ];
      const names = [...screens, "ivr", "moh", "outcall", "parking", "plugin", "queue", "user", "voicemail"];
      const items = names.map((name) => ({
        namespace: "official",
        name: `admin-ui-${name}`,
        tags: ["admin"],
        versions: [{ version: "1.0.0", method: "git", options: { url: `https://git.example.com/${name}` } }],
      }));
      for (const index of [1, 2, 3, 4, 5, 6, 7]) {
        items.push({ namespace: "others", name: `other-${index}`, tags: [], versions: [] });
      }
      items.push({ namespace: "markettests", name: "foobar", tags: [], versions: [] });
      await offerFoobar(items);
    });

    async function offerFoobar(items?: Record<string, unknown>[], url?: string): Promise<void> {
      if (items !== undefined) market.push(...items);
      const versions = url === undefined ? [] : [{ version: "0.0.1", method: "git", options: { url } }];
      const all = market.map((item) => (item.name === "foobar" ? { ...item, versions } : item));
      const file = join(server.dataDir, "..", "market.json");
      await writeFile(`${file}.new`, JSON.stringify({ items: all }));
      await rename(`${file}.new`, file);
    }

    /** Pushes the market's own plugin and installs it from there. */
    async function installFoobar(options: Record<string, unknown> = {}) {
      const { url } = await makePluginRepository(foobar({ namespace: "markettests" }));
      await offerFoobar(undefined, url);
      const { status } = await server.call("GET", "/0.2/plugins/markettests/foobar");
      if (status === 200) await removed(server, "markettests", "foobar");
      await installed(server, "market", { namespace: "markettests", name: "foobar", ...options });
    }

    const list = async (query: string) => (await server.call("GET", `/0.2/market${query}`)).body;

    test("get", async () => {
      const path = "/0.2/market/official/admin-ui-conference";
      expect((await server.call("GET", "/0.2/market/official/foo", undefined, "invalid-token")).status).toBe(
        401,
      );
      expect((await server.call("GET", "/0.2/market/foobar/foobar")).status).toBe(404);
      expect((await server.call("GET", path)).body).toMatchObject({
        namespace: "official",
        name: "admin-ui-conference",
        versions: [{ method: "git", options: { url: "https://git.example.com/conference" } }],
      });
    });

    test("that no filter returns all plugins", async () => {
      const body = await list("");
      expect(body).toMatchObject({ total: COUNT, filtered: COUNT });
      // How a version is installed is not for a list.
      expect(body.items[0].versions).toEqual([{ version: "1.0.0", upgradable: true }]);
    });

    test("with a search term", async () => {
      expect(await list("?search=conference")).toMatchObject({
        total: COUNT,
        filtered: 1,
        items: [{ namespace: "official", name: "admin-ui-conference" }],
      });
    });

    test("with search and pagination", async () => {
      const body = await list("?search=official&limit=5&offset=5&order=name&direction=asc");
      expect(body).toMatchObject({ total: COUNT, filtered: 16 });
      expect(body.items.map((item: { name: string }) => item.name)).toEqual(
        ["funckey", "group", "incall", "ivr", "moh"].map((name) => `admin-ui-${name}`),
      );
    });

    test("market installation", async () => {
      await installFoobar();
      expect((await server.list(RESULTS)).sort()).toEqual([
        "build_success",
        "install_success",
        "package_success",
      ]);
    });

    test("market installation with a version field", async () => {
      await installFoobar({ version: "0.0.1" });
      expect(await server.exists(`${RESULTS}/install_success`)).toBe(true);
    });

    test("installed version field", async () => {
      await installFoobar();
      const expected = { namespace: "markettests", name: "foobar" };
      expect(await list("?name=foobar")).toMatchObject({
        total: COUNT,
        filtered: 1,
        items: [{ ...expected, installed_version: "0.0.1" }],
      });
      await removed(server, "markettests", "foobar");
      expect(await list("?name=foobar")).toMatchObject({
        total: COUNT,
        filtered: 1,
        items: [{ ...expected, installed_version: null }],
      });
    });

    test("installed query filter", async () => {
      await installFoobar();
      const filtered = async (installed: string) =>
        (await list(`?name=foobar&installed=${installed}`)).filtered;
      expect([await filtered("True"), await filtered("False")]).toEqual([1, 0]);
      await removed(server, "markettests", "foobar");
      expect([await filtered("True"), await filtered("False")]).toEqual([0, 1]);
    });
  });

  describe("TestStatusAllOk", () => {
    const server = useServer();

    test("status is all ok", async () => {
      const status = async () => (await server.call("GET", "/0.2/status")).body;
      expect(await status()).toMatchObject({
        master_tenant: { status: "ok" },
        rest_api: { status: "ok" },
      });
      await until(async () => (await status()).bus.status === "ok");
    });

    test("status fail when wazo-auth is down", async () => {
      const auth = await startAuth();
      const plugind = await startDebServer({ authUrl: auth.server.url });
      try {
        const token = await auth.adminToken();
        const status = async () => (await plugind.call("GET", "/0.2/status", undefined, token)).body;
        // Nobody has made the account of the service yet.
        expect(await status()).toMatchObject({
          master_tenant: { status: "fail" },
          rest_api: { status: "ok" },
        });
        await auth.addService();
        await until(async () => (await status()).master_tenant?.status === "ok");
      } finally {
        await plugind.stop();
        await auth.server.stop();
      }
    });
  });

  describe("TestTenantRestriction", () => {
    const server = useServer();

    test("restrict only master tenant", async () => {
      const user = { login: "sub", password: "a password of a sub-tenant" };
      await server.call("POST", "/api/v1/providers", { id: "sub" });
      await server.call("POST", "/api/v1/users", user);
      await server.call("PUT", "/api/v1/users/sub/roles/provider-owner?provider=sub");
      const token = await tokenFor(server, user.login, user.password);
      for (const [method, path] of [
        ["GET", "market/official/admin-ui-conference"],
        ["GET", "market"],
        ["GET", "plugins/official/admin-ui-conference"],
        ["GET", "plugins"],
        ["POST", "plugins"],
        ["DELETE", "plugins/markettests/foobar"],
        ["GET", "config"],
      ] as const) {
        const { status } = await server.call(method, `/0.2/${path}`, undefined, token);
        expect([method, path, status]).toEqual([method, path, 401]);
      }
    });

    test("503 when no auth", async () => {
      const auth = await startAuth();
      await auth.addService();
      const token = await auth.adminToken();
      const plugind = await startDebServer({ authUrl: auth.server.url });
      try {
        const list = async () => (await plugind.call("GET", "/0.2/plugins", undefined, token)).status;
        await until(async () => (await list()) === 200);
        await auth.server.pause();
        expect(await list()).toBe(503);
        await auth.server.resume();
        await until(async () => (await list()) === 200);
      } finally {
        await plugind.stop();
        await auth.server.stop();
      }
    });
  });

  describe("TestDocumentation", () => {
    const server = useServer();

    test("documentation errors", async () => {
      const answer = await server.call("GET", "/0.2/api/api.yml", undefined, null);
      expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/x-yaml"]);
      expect(parse(answer.body)).toMatchObject({ swagger: "2.0", basePath: "/0.2" });
    });
  });
});
