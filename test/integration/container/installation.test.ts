import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { beforeAll, beforeEach, expect, it } from "vitest";
import type { ProgressEvent } from "../../../src/core/progress.ts";
import { busyboxImage, pushImage } from "../../helpers/busybox-image.ts";
import { openTarget } from "../../helpers/container-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { makePluginFolder } from "../../helpers/marketplace-entry.ts";
import { REGISTRY_LOGIN, useRegistry } from "../../helpers/registry.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const quiet = () => undefined;

describeWith(["docker.io", "docker-registry", "busybox-static"], "installing on an engine", () => {
  const engine = useDockerEngine();
  const registry = useRegistry();
  const locked = useRegistry({ login: true });
  const auth = { ...REGISTRY_LOGIN, serveraddress: "" };
  const publish = async (name: string, version: string, ...changes: string[]) => {
    const image = { program: "http" as const, files: { "www/version": version }, changes };
    await busyboxImage(engine.api, `${registry.host}/${name}`, image);
    await pushImage(engine.api, `${registry.host}/${name}`);
  };

  beforeAll(async () => {
    await publish("web:1", "1.0", "EXPOSE 80");
    await publish("broken:1", "1.0");
    await busyboxImage(engine.api, `${locked.host}/secret:1`);
    await pushImage(engine.api, `${locked.host}/secret:1`, { auth: { ...auth, serveraddress: locked.host } });
  });

  beforeEach(async () => {
    const { adapter, on } = openTarget({ url: engine.url }, { keepOpen: true });
    for (const { name } of await on("listing").list())
      await on("removal").remove({ name, purge: true, dryRun: false });
    await adapter.close();
    expect(await leftovers(engine.api)).toEqual({ containers: [], volumes: [], networks: [] });
  });

  it("pulls, pins the digest, and publishes on loopback unless told otherwise", async () => {
    const target = openTarget({ url: engine.url });
    const events: ProgressEvent[] = [];
    const change = await target.on("installation").install(
      {
        source: { type: "image", reference: `${registry.host}/web:1` },
        name: "web",
        settings: { env: { GREETING: "good day" }, ports: ["18080:80"], volumes: ["pages:/data:ro"] },
        ...{ build: false, start: true, dryRun: false },
      },
      (event) => events.push(event),
    );
    expect(change).toMatchObject({
      name: "web",
      version: "1",
      state: "running",
      changed: true,
      warnings: [],
    });
    expect(events.filter(({ message }) => /layer [0-9a-f]{12}: pull complete/.test(message))).toHaveLength(1);
    expect(await (await fetch("http://127.0.0.1:18080/")).text()).toBe("good day\n");
    const [row] = await target.on("listing").list();
    expect(row).toMatchObject({
      name: "web",
      version: "1",
      state: "running",
      ports: ["127.0.0.1:18080:80/tcp"],
    });
    const detail = await target.on("inspection").info({ name: "web" });
    expect(detail).toMatchObject({
      image: `${registry.host}/web:1`,
      imageDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      origin: `image:${registry.host}/web:1`,
      variables: ["GREETING"],
      volumes: ["pages:/data:ro"],
      networks: ["plugctl"],
    });
    const [{ Image = "" } = {}] = await engine.api.listContainers();
    expect(Image).toBe(`${registry.host}/web@${detail.imageDigest}`);
  });

  it("does nothing but say what it would do with --dry-run", async () => {
    const target = openTarget({ url: engine.url });
    const { plan, changed } = await target.on("installation").install(
      {
        source: { type: "image", reference: `${registry.host}/web:1` },
        ...{ name: "web", settings: { ports: ["1234:80"] }, build: false, start: true, dryRun: true },
      },
      quiet,
    );
    expect(changed).toBe(false);
    expect(plan).toEqual([
      `pull ${registry.host}/web:1`,
      "create the container plugctl-web in the network plugctl",
      "publish 1234:80",
      "start it and wait until it is healthy",
    ]);
    expect(await leftovers(engine.api)).toEqual({ containers: [], volumes: [], networks: [] });
  });

  it("uses the login that the user's docker has for a registry", async () => {
    const folder = await makeTempDir();
    const reference = `${locked.host}/secret:1`;
    const open = () => openTarget({ url: engine.url, env: { ...process.env, DOCKER_CONFIG: folder } });
    await expect(open().install(reference, { name: "secret" })).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      hint: expect.stringContaining("docker login"),
    });
    const { username, password } = REGISTRY_LOGIN;
    const stored = {
      auths: { [locked.host]: { auth: Buffer.from(`${username}:${password}`).toString("base64") } },
    };
    await writeFile(join(folder, "config.json"), JSON.stringify(stored));
    expect(await open().install(reference, { name: "secret" })).toMatchObject({ state: "running" });
  });

  it("finds a newer image under the same tag, updates to it, keeps settings, and goes back", async () => {
    await publish("app:stable", "1.0");
    const target = openTarget({ url: engine.url });
    await target.install(`${registry.host}/app:stable`, {
      name: "app",
      settings: { env: { GREETING: "kept" }, memoryBytes: 64 << 20, volumes: ["state:/state"] },
    });
    const page = async (path: string) => run(target, "app", ["cat", path]);
    expect(await target.on("installation").outdated()).toMatchObject([{ name: "app", digestChanged: false }]);
    await publish("app:stable", "2.0");
    expect(await target.on("installation").outdated()).toMatchObject([{ name: "app", digestChanged: true }]);
    const before = await target.on("inspection").info({ name: "app" });
    const updated = await target.on("installation").update({ name: "app", dryRun: false }, quiet);
    expect(updated).toMatchObject({ changed: true, state: "running" });
    expect(await page("/www/version")).toBe("2.0");
    expect(await page("/www/index.html")).toBe("kept\n");
    expect(await target.on("settings").get("app")).toMatchObject({
      memoryBytes: 64 << 20,
      volumes: ["state:/state"],
    });
    expect(await target.on("installation").update({ name: "app", dryRun: false }, quiet)).toMatchObject({
      changed: false,
    });
    const back = await target.on("installation").rollback({ name: "app", dryRun: false }, quiet);
    expect(back).toMatchObject({ changed: true, state: "running" });
    expect(await page("/www/version")).toBe("1.0");
    expect((await target.on("inspection").info({ name: "app" })).imageDigest).toBe(before.imageDigest);
    await target.on("installation").rollback({ name: "app", dryRun: false }, quiet);
    expect(await page("/www/version")).toBe("2.0");
    expect((await target.on("listing").list()).map(({ name }) => name)).toEqual(["app"]);
  });

  it("puts another source in the place of a plugin only when it is told to, and keeps its settings", async () => {
    const target = openTarget({ url: engine.url });
    await publish("app:1", "1.0");
    await publish("app:2", "2.0");
    await target.install(`${registry.host}/app:1`, { name: "app", settings: { env: { GREETING: "kept" } } });
    const put = (more: object) =>
      target.on("installation").install(
        {
          source: { type: "image", reference: `${registry.host}/app:2` },
          ...{ name: "app", settings: {}, build: false, start: true, dryRun: false, ...more },
        },
        quiet,
      );
    await expect(put({})).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(put({ replace: true, settings: { cpus: 1 } })).rejects.toMatchObject({ code: "USAGE" });
    expect(await put({ replace: true })).toMatchObject({ version: "2", previousVersion: "1", changed: true });
    expect(await run(target, "app", ["cat", "/www/version"])).toBe("2.0");
    expect(await run(target, "app", ["cat", "/www/index.html"])).toBe("kept\n");
  });

  it("keeps the version that works when the new one does not come up", async () => {
    await publish("flaky:stable", "1.0");
    const target = openTarget({ url: engine.url });
    await target.install(`${registry.host}/flaky:stable`, {
      name: "flaky",
      settings: { ports: ["18081:80"] },
    });
    const { containerId } = await target.on("inspection").info({ name: "flaky" });
    await busyboxImage(engine.api, `${registry.host}/flaky:stable`, {
      program: "failing",
      changes: ["ENV CODE=7"],
    });
    await pushImage(engine.api, `${registry.host}/flaky:stable`);
    await expect(
      target.on("installation").update({ name: "flaky", dryRun: false }, quiet),
    ).rejects.toMatchObject({
      code: "BACKEND",
      // A busy machine looks only when the engine has started it once more.
      message: expect.stringMatching(/^plugin "flaky" ended (with code 7 )?after its start: about to fail$/),
    });
    expect(await target.on("inspection").info({ name: "flaky" })).toMatchObject({
      containerId,
      state: "running",
    });
    expect(await (await fetch("http://127.0.0.1:18081/")).text()).toBe("hello\n");
    expect((await leftovers(engine.api)).containers).toEqual(["/plugctl-flaky"]);
  });

  it("waits for the health check that an image has", async () => {
    await busyboxImage(engine.api, "local/health:1", { program: "health" });
    const target = openTarget({ url: engine.url });
    await target.install("local/health:1", { name: "good", settings: { env: { HEALTHY: "yes" } } });
    expect(await target.on("inspection").info({ name: "good" })).toMatchObject({ health: "healthy" });
    await busyboxImage(engine.api, "local/ill:1", {
      program: "health",
      changes: ["HEALTHCHECK --interval=100ms --timeout=1s --retries=2 CMD echo not well; false"],
    });
    await expect(target.install("local/ill:1", { name: "ill" })).rejects.toMatchObject({
      code: "BACKEND",
      message: 'plugin "ill" is unhealthy: not well',
    });
    expect((await leftovers(engine.api)).containers).toEqual(["/plugctl-good"]);
  });

  it("installs a marketplace entry with user, volumes, copies and limits as it says", async () => {
    const folder = await makePluginFolder(
      {
        name: "notes",
        version: "1",
        task: {
          type: "docker",
          image: `${registry.host}/web`,
          user: "1000:1000",
          env: { WHO: "{{THINGER_USER}}", PORT: "8080" },
          volumes: [{ source: "config", target: "/etc/notes", description: "settings" }],
          copy: { config: "config" },
          resources: { memory: 67_108_864 },
          cmd: ["/bin/sh", "-c", "exec httpd -f -p 8080 -h /etc/notes"],
        },
        interface: { main: { proxy_to: { plugin: "notes", port: 8080 } } },
      },
      { "config/index.html": "copied", "config/sub/deep.txt": "deep" },
    );
    const target = openTarget({ url: engine.url });
    const change = await target
      .on("installation")
      .install(
        { source: { type: "path", path: folder }, settings: {}, build: false, start: true, dryRun: false },
        quiet,
      );
    expect(change).toMatchObject({ name: "notes", version: "1", state: "running" });
    expect(await run(target, "notes", ["cat", "/etc/notes/index.html", "/etc/notes/sub/deep.txt"])).toBe(
      "copieddeep",
    );
    expect(await run(target, "notes", ["stat", "-c", "%u:%g %a", "/etc/notes", "/etc/notes/sub"])).toBe(
      "1000:1000 755\n1000:1000 755\n",
    );
    expect(await run(target, "notes", ["sh", "-c", "echo $WHO; id -u"])).toBe("plugctl\n1000\n");
    expect(await target.on("settings").get("notes")).toMatchObject({ memoryBytes: 67_108_864 });
    await target.on("removal").remove({ name: "notes", purge: false, dryRun: false });
    expect((await leftovers(engine.api)).volumes).toEqual(["plugctl-notes.config"]);
    await target.on("removal").remove({ name: "notes", purge: true, dryRun: false });
  });

  it("says where storages are volumes of their own, and what is not mounted at all", async () => {
    const volumes = [
      { source: "../../../storages", target: "/srv", description: "all" },
      { source: "../../../storages/pages", target: "/pages", description: "one" },
      { source: "../../../../../../thinger/certificates/", target: "/certificates", description: "TLS" },
    ];
    const folder = await makePluginFolder({
      name: "files",
      version: "1",
      task: { type: "docker", image: `${registry.host}/web`, user: "0:0", volumes },
    });
    const target = openTarget({ url: engine.url });
    const { warnings } = await target
      .on("installation")
      .install(
        { source: { type: "path", path: folder }, settings: {}, build: false, start: true, dryRun: false },
        quiet,
      );
    expect(warnings).toEqual([
      "/certificates is not mounted: this target has no certificates of the platform",
      "/pages is the volume plugctl.storages.pages: it does not appear in the folder of all storages",
      "/srv is the volume plugctl.storages: volumes of single storages do not appear in it",
    ]);
    await target.on("removal").remove({ name: "files", purge: true, dryRun: false });
    // Storages are the user's, and stay.
    for (const name of ["plugctl.storages", "plugctl.storages.pages"])
      await engine.api.getVolume(name).remove();
  });

  it("builds from the Dockerfile of a folder", async () => {
    const folder = await makePluginFolder(
      { name: "built", version: "3.1", task: { type: "docker", image: "local/built" } },
      {
        "task/Dockerfile": `FROM ${registry.host}/web:1\nCOPY page.html /www/page.html\n`,
        "task/page.html": "from the folder",
      },
    );
    const target = openTarget({ url: engine.url });
    await target
      .on("installation")
      .install(
        { source: { type: "path", path: folder }, settings: {}, build: true, start: true, dryRun: false },
        quiet,
      );
    expect(await run(target, "built", ["cat", "/www/page.html"])).toBe("from the folder");
  });

  it("changes settings by making the container anew, and keeps the old one if that fails", async () => {
    const target = openTarget({ url: engine.url });
    const { get, set } = target.on("settings");
    await target.install(`${registry.host}/web:1`, {
      name: "web",
      settings: { env: { GREETING: "a", API_TOKEN: "t0p", UNWANTED: "x" } },
    });
    const changed = await set(
      { name: "web", change: { env: { GREETING: "b", UNWANTED: null }, cpus: 0.5, pids: 50 }, dryRun: false },
      quiet,
    );
    expect(changed).toMatchObject({ changed: true, state: "running" });
    expect(await get("web")).toMatchObject({
      env: { GREETING: "b", API_TOKEN: "••••••" },
      cpus: 0.5,
      pids: 50,
    });
    expect(await run(target, "web", ["cat", "/www/index.html"])).toBe("b\n");
    expect(await set({ name: "web", change: { cpus: 0.5 }, dryRun: false }, quiet)).toMatchObject({
      changed: false,
    });
    await target.install(`${registry.host}/web:1`, { name: "other", settings: { ports: ["18082:80"] } });
    await expect(
      set({ name: "web", change: { ports: ["18082:80"] }, dryRun: false }, quiet),
    ).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("18082"),
    });
    expect(await target.on("inspection").info({ name: "web" })).toMatchObject({ state: "running" });
    expect(await run(target, "web", ["cat", "/www/index.html"])).toBe("b\n");
    const labels = JSON.stringify((await engine.api.getContainer("plugctl-web").inspect()).Config.Labels);
    expect(labels).not.toContain("t0p");
  });

  it("measures what runs, and lists its processes", async () => {
    const target = openTarget({ url: engine.url });
    await target.install(`${registry.host}/web:1`, { name: "web", settings: { memoryBytes: 32 << 20 } });
    const [row] = await target.on("statistics").stats([]);
    expect(row).toMatchObject({
      name: "web",
      memoryLimitBytes: 32 << 20,
      pids: 2,
      restarts: 0,
      health: null,
    });
    expect(row?.memoryBytes).toBeGreaterThan(0);
    const { titles, rows } = await target.on("statistics").top("web");
    expect(rows.map((cells) => cells[titles.indexOf("CMD")])).toContain("httpd -f -p 80 -h /www");
  });

  it("keeps images that plugins use or would go back to, and removes the others", async () => {
    await publish("img:1", "1.0");
    await publish("img:2", "2.0");
    const target = openTarget({ url: engine.url });
    const { images, prune } = target.on("images");
    await target.install(`${registry.host}/img:1`, { name: "img" });
    await target.on("installation").update({ name: "img", version: "2", dryRun: false }, quiet);
    expect(await run(target, "img", ["cat", "/www/version"])).toBe("2.0");
    const users = Object.fromEntries(
      (await images()).map(({ reference, usedBy }) => [reference.split("/").at(-1), usedBy]),
    );
    expect(users).toMatchObject({ "img:1": ["img (for a rollback)"], "img:2": ["img"] });
    const unused = (await prune({ dryRun: true })).removed;
    expect(unused).not.toContainEqual(expect.stringContaining("img:"));
    await target.on("installation").update({ name: "img", version: "1", dryRun: false }, quiet);
    await publish("img:2", "2.1");
    await target.on("installation").update({ name: "img", version: "2", dryRun: false }, quiet);
    const pruned = await prune({ dryRun: false });
    expect(pruned.removed.filter((name) => name.includes("/img"))).toHaveLength(1);
    expect(pruned.freedBytes).toBeGreaterThan(1_000_000);
  });
});

async function run(target: ReturnType<typeof openTarget>, name: string, command: string[]): Promise<string> {
  const stdin = new PassThrough();
  stdin.end();
  const stdout = new PassThrough();
  let text = "";
  stdout.on("data", (chunk) => {
    text += chunk;
  });
  await target.on("shell").shell({ name, command, tty: false, stdin, stdout, stderr: stdout });
  return text;
}

/** Everything on the engine that a plugin can bring. */
async function leftovers(api: ReturnType<typeof useDockerEngine>["api"]) {
  const [containers, { Volumes }, networks] = await Promise.all([
    api.listContainers({ all: true }),
    api.listVolumes(),
    api.listNetworks(),
  ]);
  return {
    containers: containers.map(({ Names }) => Names[0]).sort(),
    volumes: Volumes.map(({ Name }) => Name).sort(),
    networks: networks.map(({ Name }) => Name).filter((name) => !["none", "host", "bridge"].includes(name)),
  };
}
