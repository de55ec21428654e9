import { chmod, readFile, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { InstallSource } from "../../../src/core/installation.ts";
import { type DebServer, startDebServer } from "../../helpers/deb-server.ts";
import { openDebTarget } from "../../helpers/deb-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { writeFiles } from "../../helpers/plugin-folder.ts";
import { makePluginRepository, pluginFiles } from "../../helpers/plugin-repository.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const thrown = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("it succeeded"),
    (error) => error,
  );

describeWith(["apt"], "a target that is plugctl's own server", () => {
  let server: DebServer;

  beforeAll(async () => {
    server = await startDebServer({ market: [] });
  });
  afterAll(() => server.stop());

  const open = () => openDebTarget({ url: server.url, token: server.token });

  async function folderWith(name: string, more: Parameters<typeof pluginFiles>[0] = {}): Promise<string> {
    const folder = await makeTempDir();
    await writeFiles(folder, pluginFiles({ namespace: "acme", name, version: "1.0", ...more }));
    await chmod(join(folder, "wazo/rules"), 0o755);
    return folder;
  }

  it("is told by its version, and by who is signed in", async () => {
    const { on } = await open();
    expect(await on("health").check()).toEqual({
      product: "plugctl",
      version: "0.0.0-test",
      login: "admin",
    });
  });

  it("takes a folder with its modes and links, and without what is of git", async () => {
    const rules = {
      build: 'test -x tool && test "$(readlink link)" = tool && test ! -e .git && echo seen',
      package: 'mkdir -p "$pkgdir/opt" && cp tool "$pkgdir/opt/tool"',
    };
    const folder = await folderWith("links", { rules });
    await writeFiles(folder, { tool: "#!/bin/sh\n", ".git/config": "secret" });
    await chmod(join(folder, "tool"), 0o755);
    await symlink("tool", join(folder, "link"));
    const { install, on, steps } = await open();
    const source: InstallSource = { type: "path", path: folder };
    expect(await install(source, { dryRun: true })).toMatchObject({
      ...{ name: "acme/links", changed: false, state: "available" },
      plan: ["build acme/links 1.0", "install acme/links 1.0"],
    });
    expect(await install(source)).toMatchObject({ name: "acme/links", version: "1.0", changed: true });
    expect(steps.map(({ phase }) => phase)).toEqual(
      expect.arrayContaining(["uploading", "building", "installing", "completed"]),
    );
    const [exported] = await on("portability").export(["acme/links"]);
    expect(exported).toMatchObject({
      source: "file:wazo-plugind-links-acme_1.0_all.deb",
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    const lines = [];
    for await (const { text } of on("logs").logs({ name: "acme/links", follow: false })) lines.push(text);
    expect(lines).toContain("seen");
    const last = [];
    for await (const { text } of on("logs").logs({ name: "acme/links", follow: false, tail: 1 }))
      last.push(text);
    expect(last).toEqual(lines.slice(-1));
  });

  it("shows the logs of all operations since a time, oldest first, and of none after another", async () => {
    const { install, on } = await open();
    const path = await folderWith("logged", { rules: { build: "echo built one" } });
    await install({ type: "path", path });
    await install({ type: "path", path }, { replace: true });
    const logs = async (query: object) => {
      const lines = [];
      for await (const line of on("logs").logs({ name: "acme/logged", follow: false, ...query })) {
        lines.push(line);
      }
      return lines.filter(({ text }) => text === "built one").map(({ at }) => at);
    };
    const times = await logs({ since: new Date(0) });
    expect(times).toHaveLength(2);
    expect(times.toSorted()).toEqual(times);
    expect(await logs({})).toEqual(times.slice(1));
    expect(await logs({ until: new Date(0) })).toEqual([]);
    const entries = await on("history").history("acme/logged");
    expect(entries).toMatchObject([
      {
        action: "install",
        state: "succeeded",
        version: "1.0",
        previousVersion: "1.0",
        actor: "admin",
        error: null,
      },
      { action: "install", state: "succeeded", version: "1.0", previousVersion: null },
    ]);
    expect(await on("history").history("acme/never")).toEqual([]);
  });

  it("refuses an older version unless it is to replace the newer one", async () => {
    const { install, on } = await open();
    const repository = await makePluginRepository({ namespace: "acme", name: "aged", version: "1.0" });
    const old = repository.git("rev-parse", "HEAD").trim();
    repository.push({ namespace: "acme", name: "aged", version: "2.0" });
    const source = { type: "git", url: repository.url } as const;
    expect(await install(source)).toMatchObject({ version: "2.0" });
    const older = { ...source, ref: old };
    const refusal = { code: "CONFLICT", hint: "--replace installs the older one" };
    expect(await thrown(install(older))).toMatchObject(refusal);
    expect(await thrown(install(older, { dryRun: true }))).toMatchObject(refusal);
    expect(await install(older, { replace: true })).toMatchObject({ version: "1.0", previousVersion: "2.0" });
    expect(await on("installation").update({ name: "acme/aged", dryRun: false }, () => {})).toMatchObject({
      ...{ version: "1.0", changed: false },
    });
    const [exported] = await on("portability").export(["acme/aged"]);
    expect(exported).toMatchObject({ source: `git:${repository.url}#${old}`, commit: old });
  });

  it("has nothing newer of what no market has, and that is no fault", async () => {
    const { install, on } = await open();
    await install({ type: "path", path: await folderWith("alone") });
    const outdated = await on("installation").outdated();
    expect(outdated.find(({ name }) => name === "acme/alone")).toEqual({
      ...{ name: "acme/alone", version: "1.0", latest: "1.0", digestChanged: false, problem: null },
    });
    expect(
      await thrown(on("installation").update({ name: "acme/alone", dryRun: false }, () => {})),
    ).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("was a file") });
  });

  it("sees a newer commit of the branch that a plugin came from, and takes it, of the same version as well", {
    timeout: 90_000,
  }, async () => {
    const { install, on } = await open();
    const plugin = { namespace: "acme", name: "branchy", version: "1.0", branch: "stable" };
    const repository = await makePluginRepository(plugin);
    await install({ type: "git", url: repository.url, ref: "stable" });
    const state = async () =>
      (await on("installation").outdated()).find(({ name }) => name === "acme/branchy");
    const upToDate = {
      name: "acme/branchy",
      version: "1.0",
      latest: "1.0",
      digestChanged: false,
      problem: null,
    };
    expect(await state()).toEqual(upToDate);
    const commit = repository.push({ ...plugin, rules: { build: "true" } });
    expect(await state()).toEqual({ ...upToDate, digestChanged: true });
    const update = () => on("installation").update({ name: "acme/branchy", dryRun: false }, () => {});
    expect(await update()).toMatchObject({ changed: true, version: "1.0", commit });
    expect(await state()).toEqual(upToDate);
    repository.push({ ...plugin, version: "2.0" });
    expect(await update()).toMatchObject({ changed: true, version: "2.0", previousVersion: "1.0" });
    expect(await update()).toMatchObject({ changed: false, version: "2.0" });
    repository.git("checkout", "--quiet", "--detach");
    repository.git("branch", "--quiet", "-D", "stable");
    expect(await state()).toMatchObject({
      latest: null,
      problem: expect.stringContaining("has no branch or tag stable any more"),
    });
  });

  it("takes a tag for what it leads to, and asks nobody about a commit", async () => {
    const { install, on } = await open();
    const repository = await makePluginRepository({ namespace: "acme", name: "tagged", version: "1.0" });
    const commit = repository.commit({}, ["v1"]);
    const state = async () =>
      (await on("installation").outdated()).find(({ name }) => name === "acme/tagged");
    await install({ type: "git", url: repository.url, ref: "v1" });
    expect(await state()).toMatchObject({ digestChanged: false, problem: null });
    await install({ type: "git", url: repository.url, ref: commit }, { replace: true });
    await rename(repository.folder, `${repository.folder}.away`);
    expect(await state()).toMatchObject({ digestChanged: false, problem: null });
    await rename(`${repository.folder}.away`, repository.folder);
  });

  it("lists what others need before those", async () => {
    const { install, on } = await open();
    await install({ type: "path", path: await folderWith("zebra") });
    const depends = [{ namespace: "acme", name: "zebra" }];
    const path = await folderWith("ant", { description: { depends } });
    const result = await install({ type: "path", path }).catch((error) => error);
    // What is installed need not be in a market as well.
    expect(result).toMatchObject({ name: "acme/ant" });
    const names = (await on("portability").export(undefined)).map(({ name }) => name);
    expect(names.indexOf("acme/zebra")).toBeLessThan(names.indexOf("acme/ant"));
    const removal = { name: "acme/zebra", purge: false, dependents: true };
    const both = await on("removal").remove({ ...removal, dryRun: true });
    expect(both.map(({ name }) => name).sort()).toEqual(["acme/ant", "acme/zebra"]);
    expect(
      await thrown(on("removal").remove({ ...removal, dependents: false, dryRun: false })),
    ).toMatchObject({
      code: "CONFLICT",
    });
    expect(await on("removal").remove({ ...removal, dryRun: false })).toHaveLength(2);
  });

  it("says which step failed, and where its output is", async () => {
    const { install } = await open();
    const path = await folderWith("broken", { rules: { build: "echo alas; exit 3" } });
    const error = await thrown(install({ type: "path", path }));
    expect(error).toMatchObject({
      code: "INVALID",
      details: { step: "building", operation: expect.any(String) },
      hint: expect.stringContaining("plugctl logs pbx:"),
    });
  });

  it("goes on when nobody waits any more, and says how to come back to it", async () => {
    const abort = new AbortController();
    const { install, steps } = await openDebTarget({
      ...{ url: server.url, token: server.token, signal: abort.signal },
    });
    const path = await folderWith("slow", { rules: { build: "sleep 1; echo done at last" } });
    const waiting = thrown(install({ type: "path", path }));
    while (!steps.some(({ phase }) => phase === "building")) await sleep(20);
    abort.abort();
    const { code, hint, details } = await waiting;
    expect([code, hint]).toEqual([
      "CANCELLED",
      `the server goes on; plugctl logs pbx:${details.operation} -f follows it, plugctl deb cancel pbx:${details.operation} ends it`,
    ]);
    const { on } = await open();
    const lines = [];
    for await (const { text } of on("logs").logs({ name: details.operation, follow: true })) lines.push(text);
    expect(lines).toContain("done at last");
    expect(await server.ended(details.operation)).toMatchObject({ state: "succeeded" });
  });

  it("cancels what is under way, by its id or by the plugin's name, and leaves everything as it was", async () => {
    const path = await folderWith("endless", { rules: { install: "echo begun; sleep 600" } });
    for (const nameOf of [(id: string) => id, () => "acme/endless"]) {
      const { install, on, steps } = await open();
      const waiting = thrown(install({ type: "path", path }));
      while (!steps.some(({ phase }) => phase === "installing")) await sleep(20);
      const [{ id = "" } = {}] = await on("history").history("acme/endless");
      expect(await on("cancellation").cancel(nameOf(id), () => {})).toBe(id);
      expect(await waiting).toMatchObject({
        code: "BACKEND",
        message: "while installing: the task was cancelled",
      });
      expect(await on("listing").list()).not.toContainEqual(
        expect.objectContaining({ name: "acme/endless" }),
      );
      expect(await thrown(on("cancellation").cancel(id, () => {}))).toMatchObject({ code: "CONFLICT" });
    }
    const { on } = await open();
    expect(await thrown(on("cancellation").cancel("acme/endless", () => {}))).toMatchObject({
      code: "NOT_FOUND",
    });
    expect(await thrown(on("cancellation").cancel(crypto.randomUUID(), () => {}))).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("takes a package that another server has built", async () => {
    const { install, on } = await open();
    await install({ type: "path", path: await folderWith("packed") });
    const [exported] = await on("portability").export(["acme/packed"]);
    const [built] = (await on("repository").list()).filter(
      (one) => one.package === "wazo-plugind-packed-acme",
    );
    expect(exported?.digest).toBe(`sha256:${built?.sha256}`);
    const { status, body } = await server.call("GET", "/apt/dists/main/main/binary-all/Packages");
    expect(status).toBe(200);
    const file = /^Filename: (.*packed.*)$/m.exec(String(body))?.[1];
    const answer = await fetch(`${server.url}/apt/${file}`);
    const folder = await makeTempDir();
    await writeFiles(folder, { "x.deb": Buffer.from(await answer.arrayBuffer()) });
    await on("removal").remove({ name: "acme/packed", purge: true, dryRun: false });
    expect(await install({ type: "path", path: join(folder, "x.deb") })).toMatchObject({
      ...{ name: "acme/packed", version: "1.0", changed: true, treeSha256: null },
    });
    expect((await readFile(join(folder, "x.deb"))).byteLength).toBe(built?.sizeBytes);
    expect((await on("portability").export(["acme/packed"]))[0]?.digest).toBe(exported?.digest);
  });
});
