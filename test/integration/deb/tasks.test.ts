import { globSync } from "node:fs";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { pack } from "tar-stream";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { craftPackage } from "../../helpers/crafted-package.ts";
import { type DebServer, startDebServer } from "../../helpers/deb-server.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { makePluginRepository, pluginFiles, type WazoPlugin } from "../../helpers/plugin-repository.ts";

describeWith(["apt"], "tasks of Debian-package plugins", () => {
  let server: DebServer;
  beforeAll(async () => {
    server = await startDebServer({ market: [] });
  });
  afterAll(() => server?.stop());

  /** Plugins of one test are not in the way of another's. */
  let namespace = "";
  let count = 0;
  beforeEach(() => {
    namespace = `test${++count}`;
  });

  const api = (method: string, path: string, body?: unknown) =>
    server.call(method, `/api/v1/deb${path}`, body);

  async function start(order: Record<string, unknown>): Promise<string> {
    const { status, body } = await api("POST", "/tasks", order);
    if (status !== 202) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body.id;
  }
  const run = async (order: Record<string, unknown>) => server.ended(await start(order));

  const install = (source: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    run({ action: "install", source, ...more });

  async function phases(id: string): Promise<string[]> {
    const { body } = await server.call("GET", `/api/v1/operations/${id}/events`);
    return [...body.matchAll(/^data: (\{"phase".*)$/gm)].map(([, json]) => JSON.parse(json ?? "").phase);
  }

  /** Pushes plugins and offers them in the market; `needs` by name. */
  async function offer(plugins: Record<string, string[]>): Promise<void> {
    const items = [];
    for (const [name, needs] of Object.entries(plugins)) {
      const depends = needs.map((other) => ({ namespace, name: other }));
      const { url } = await makePluginRepository({ namespace, name, description: { depends } });
      items.push({ namespace, name, versions: [{ version: "0.0.1", options: { url } }] });
    }
    const file = join(server.dataDir, "..", "market.json");
    await writeFile(`${file}.new`, JSON.stringify({ items }));
    await rename(`${file}.new`, file);
  }

  async function archive(plugin: WazoPlugin): Promise<Buffer> {
    const tar = pack();
    for (const [name, content] of Object.entries(pluginFiles(plugin))) {
      tar.entry({ name, mode: name.endsWith("rules") ? 0o755 : 0o644 }, content);
    }
    tar.finalize();
    return buffer(tar);
  }

  async function upload(content: Buffer, type: string) {
    const answer = await fetch(`${server.url}/api/v1/deb/uploads`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.token}`, "content-type": type },
      body: new Uint8Array(content),
    });
    return { status: answer.status, body: (await answer.json()) as { id: string; kind: string } };
  }

  test("a folder that is uploaded is built and installed, and its origin is on record", async () => {
    const { status, body } = await upload(await archive({ namespace, name: "sent" }), "application/x-tar");
    expect([status, body.kind]).toEqual([201, "archive"]);
    const task = await install({ type: "upload", id: body.id });
    expect(task).toMatchObject({
      state: "succeeded",
      result: {
        namespace,
        name: "sent",
        version: "0.0.1",
        previousVersion: null,
        changed: true,
        commit: null,
      },
    });
    const { body: list } = await api("GET", "/plugins");
    expect(list.items).toContainEqual(
      expect.objectContaining({
        namespace,
        name: "sent",
        status: "installed",
        origin: { type: "upload", id: body.id },
        treeSha256: task.result.treeSha256,
        debSha256: task.result.debSha256,
      }),
    );
    expect((await api("GET", `/plugins/${namespace}/sent/verify`)).body).toEqual({ ok: true, problems: [] });
  });

  test("a package that was built here is installed elsewhere as it is", async () => {
    const { url } = await makePluginRepository({ namespace, name: "built" });
    const built = await install({ type: "git", url });
    const content = await readFile(keptFile(built.result.debSha256));
    await server.ended(await server.uninstall(namespace, "built"));
    const sent = await upload(content, "application/vnd.debian.binary-package");
    expect(sent.body.kind).toBe("package");
    const task = await install({ type: "upload", id: sent.body.id });
    expect(task).toMatchObject({ state: "succeeded", result: { debSha256: built.result.debSha256 } });
    expect(await phases(task.id)).toEqual([
      "starting",
      "validating",
      "updating",
      "installing",
      "cleaning",
      "completed",
    ]);
  });

  /** Where the blob store has a package. */
  function keptFile(sha256: string): string {
    const [found] = globSync(`${server.dataDir}/blobs/**/${sha256}`);
    if (found === undefined) throw new Error("the package is not kept");
    return found;
  }

  test("a finished package with a setuid file is refused before anything is installed", async () => {
    const content = await craftPackage([{ name: "./usr/bin/su", mode: 0o4755 }]);
    const sent = await upload(content, "application/vnd.debian.binary-package");
    const source = { type: "upload", id: sent.body.id };
    const plan = await api("POST", "/plans", { action: "install", source });
    expect([plan.status, plan.body.detail]).toEqual([422, expect.stringContaining("setuid")]);
    expect(await install(source)).toMatchObject({
      state: "failed",
      error: { code: "INVALID", details: { step: "validating" } },
    });
    expect(await server.hasPackage("wazo-plugind-crafted-acme")).toBe(false);
  });

  test("what is no package and no archive of a plugin is refused", async () => {
    const junk = await upload(Buffer.from("no package"), "application/vnd.debian.binary-package");
    const task = await install({ type: "upload", id: junk.body.id });
    expect(task).toMatchObject({
      state: "failed",
      error: { code: "INVALID", details: { step: "validating" } },
    });
    expect((await upload(Buffer.from("x"), "text/plain")).status).toBe(415);
    expect(await install({ type: "upload", id: crypto.randomUUID() })).toMatchObject({
      state: "failed",
      error: { code: "NOT_FOUND" },
    });
  });

  test("a plan says what would be done, and does nothing of it", async () => {
    await offer({ top: ["base"], base: [] });
    const order = { action: "install", source: { type: "market", namespace, name: "top" } };
    const { status, body } = await api("POST", "/plans", order);
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({
        plugin: { namespace, name: "top", version: "0.0.1" },
        install: ["base", "top"].map((name) =>
          expect.objectContaining({ package: `wazo-plugind-${name}-${namespace}`, from: null, plugin: true }),
        ),
        remove: [],
        warnings: [],
      }),
    ]);
    expect(body.steps.at(-1)).toBe("completed");
    expect((await server.call("GET", `/0.2/plugins/${namespace}/base`)).status).toBe(404);
    expect((await api("GET", `/plugins/${namespace}/top/history`)).body.items).toEqual([]);
  });

  test("an update can be rolled back to the version before", async () => {
    const plugin = (version: string) => ({
      namespace,
      name: "moves",
      version,
      rules: { package: `mkdir -p "$pkgdir/srv/moves"; echo ${version} > "$pkgdir/srv/moves/version"` },
    });
    const { url, push } = await makePluginRepository(plugin("1.0"));
    const first = await install({ type: "git", url });
    push(plugin("1.1"));
    const second = await install({ type: "git", url });
    expect(second.result).toMatchObject({ version: "1.1", previousVersion: "1.0" });
    const order = { action: "rollback", namespace, name: "moves" };
    expect((await api("POST", "/plans", order)).body.install).toMatchObject([
      { version: "1.0", from: "1.1" },
    ]);
    const back = await run(order);
    expect(back).toMatchObject({
      state: "succeeded",
      result: { version: "1.0", previousVersion: "1.1", commit: first.result.commit },
    });
    expect(await readFile(join(server.root, "srv/moves/version"), "utf8")).toBe("1.0\n");
    const { body } = await api("GET", `/plugins/${namespace}/moves/history`);
    expect(body.items).toMatchObject([
      { action: "rollback", version: "1.0", previousVersion: "1.1", actor: "admin", state: "succeeded" },
      { action: "install", version: "1.1", previousVersion: "1.0", state: "succeeded" },
      { action: "install", version: "1.0", previousVersion: null, state: "succeeded" },
    ]);
  });

  test("an older version is refused before it is built, unless it is asked for", async () => {
    const { url, push } = await makePluginRepository({ namespace, name: "older", version: "1.10" });
    await install({ type: "git", url });
    push({ namespace, name: "older", version: "1.9" });
    const refused = await install({ type: "git", url });
    expect(refused).toMatchObject({
      state: "failed",
      error: { code: "CONFLICT", details: { step: "validating" } },
    });
    expect(await phases(refused.id)).not.toContain("building");
    const allowed = await install({ type: "git", url }, { allowDowngrade: true });
    expect(allowed).toMatchObject({
      state: "succeeded",
      result: { version: "1.9", previousVersion: "1.10" },
    });
  });

  test("plugins that need each other are refused before anything is built", async () => {
    await offer({ hen: ["egg"], egg: ["hen"] });
    const task = await install({ type: "market", namespace, name: "hen" });
    expect(task).toMatchObject({ state: "failed", error: { code: "CONFLICT" } });
    expect(task.error.message).toContain(`${namespace}/hen → ${namespace}/egg → ${namespace}/hen`);
    expect((await api("GET", `/plugins/${namespace}/egg/history`)).body.items).toMatchObject([
      { state: "failed" },
    ]);
    expect((await server.call("GET", `/0.2/plugins/${namespace}/egg`)).status).toBe(404);
  });

  test("a plugin that others need is not removed by itself, unless they are to go as well", async () => {
    await offer({ user: ["used"], used: [] });
    await install({ type: "market", namespace, name: "user" });
    const order = { action: "remove", namespace, name: "used" };
    const refused = await run(order);
    expect(refused).toMatchObject({ state: "failed", error: { code: "CONFLICT" } });
    const task = await run({ ...order, removeDependents: true });
    expect(task).toMatchObject({ state: "succeeded" });
    expect(task.result.warnings[0]).toContain(`${namespace}/user`);
    expect((await api("GET", `/plugins/${namespace}/user/history`)).body.items[0]).toMatchObject({
      action: "remove",
      state: "succeeded",
    });
  });

  test("a version that the market does not have is an error, and not taken for done", async () => {
    await offer({ thing: [] });
    const task = await install({ type: "market", namespace, name: "thing", version: "9.9" });
    expect(task).toMatchObject({ state: "failed", error: { code: "NOT_FOUND" } });
  });

  test("a task that is cancelled ends, and leaves nothing", async () => {
    const { url } = await makePluginRepository({
      namespace,
      name: "slow",
      rules: { build: "echo begun; sleep 300" },
    });
    const id = await start({ action: "install", source: { type: "git", url } });
    while (!(await api("GET", `/tasks/${id}/log`)).body.includes("begun")) await sleep(50);
    expect((await api("DELETE", `/tasks/${id}`)).status).toBe(202);
    const task = await server.ended(id);
    expect(task).toMatchObject({
      state: "interrupted",
      error: { code: "CANCELLED", details: { step: "building" } },
    });
    expect((await api("DELETE", `/tasks/${id}`)).status).toBe(409);
    expect(await server.hasPackage(`wazo-plugind-slow-${namespace}`)).toBe(false);
  });

  test("the log of a task can be followed while it runs, and only the server's user can read it", async () => {
    const { url } = await makePluginRepository({
      namespace,
      name: "talks",
      rules: { build: "for i in 1 2 3; do echo line $i; sleep 0.2; done" },
    });
    const id = await start({ action: "install", source: { type: "git", url } });
    const log = await api("GET", `/tasks/${id}/log?follow=1`);
    expect(log.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(log.body).toMatch(/line 1\nline 2\nline 3\n[\s\S]*Setting up/);
    expect((await server.ended(id)).state).toBe("succeeded");
    const { mode } = await stat(join(server.dataDir, `deb/tasks/${id}.log`));
    expect(mode & 0o777).toBe(0o600);
  });

  test("what fails says in which step, with the end of the log, and is in the audit log", async () => {
    const { url } = await makePluginRepository({
      namespace,
      name: "breaks",
      rules: { install: "echo there is no phone system; exit 7" },
    });
    const task = await install({ type: "git", url });
    expect(task).toMatchObject({ state: "failed", error: { details: { step: "installing" } } });
    expect(task.error.details.log).toContain("there is no phone system");
    expect(await server.hasPackage(`wazo-plugind-breaks-${namespace}`)).toBe(false);
    await expect
      .poll(async () => {
        const { body } = await server.call("GET", "/api/v1/audit?action=plugin.install&limit=1");
        return body.items[0];
      })
      .toMatchObject({ actor: "admin", outcome: "failed", detail: { task: task.id } });
  });

  test("plugins that the market has newer are outdated, and what is installed can be written down", async () => {
    const { url } = await makePluginRepository({ namespace, name: "ages" });
    const task = await install({ type: "git", url });
    const item = { namespace, name: "ages", versions: [{ version: "0.0.10", options: { url } }] };
    const file = join(server.dataDir, "..", "market.json");
    await writeFile(`${file}.new`, JSON.stringify({ items: [item] }));
    await rename(`${file}.new`, file);
    const { body: outdated } = await api("GET", "/outdated");
    expect(outdated.items).toContainEqual({
      namespace,
      name: "ages",
      version: "0.0.1",
      latest: "0.0.10",
      commit: null,
      problem: null,
    });
    const { body: lock } = await api("GET", "/lock");
    const { commit, treeSha256, debSha256 } = task.result;
    expect(lock.plugins).toContainEqual({
      namespace,
      name: "ages",
      version: "0.0.1",
      source: { type: "git", url },
      commit,
      treeSha256,
      debSha256,
    });
    const document = await fetch(`${server.url}/v1/plugins`);
    expect(await document.json()).toEqual({ items: [item] });
  });

  test("installations that come together are all made", async () => {
    const urls = await Promise.all(
      ["a", "b", "c", "d"].map(async (name) => (await makePluginRepository({ namespace, name })).url),
    );
    const tasks = await Promise.all(urls.map((url) => install({ type: "git", url })));
    expect(tasks.map((task) => task.state)).toEqual(["succeeded", "succeeded", "succeeded", "succeeded"]);
  });

  test("a token for certain plugins reaches those, and nothing whose name comes out later", async () => {
    await offer({ mine: [], other: [] });
    const wanted = { scopes: ["read", "deploy"], resources: [`plugin:${namespace}/mine`] };
    const { body } = await server.call("POST", "/api/v1/tokens", wanted);
    const post = async (given: unknown) =>
      (await server.call("POST", "/api/v1/deb/tasks", given, body.token)).status;
    const market = (name: string) => ({ action: "install", source: { type: "market", namespace, name } });
    expect(await post(market("other"))).toBe(403);
    expect(await post({ action: "install", source: { type: "git", url: "https://git.example.com/x" } })).toBe(
      403,
    );
    expect(await post(market("mine"))).toBe(202);
    const options = { namespace, name: "other" };
    const asWazo = { method: "market", options };
    expect((await server.call("POST", "/0.2/plugins", asWazo, body.token)).status).toBe(401);
  });
});
