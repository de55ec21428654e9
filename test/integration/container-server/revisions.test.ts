import { afterEach, beforeAll, expect, test } from "vitest";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { callerOver, makeContainerServer, webEntry } from "../../helpers/container-server.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { writeFiles } from "../../helpers/plugin-folder.ts";

describeWith(["docker.io", "busybox-static"], "settings and rollback on the server", () => {
  const engine = useDockerEngine();
  const PLUGIN = "/v1/users/admin/plugins/web";

  beforeAll(async () => {
    await busyboxImage(engine.api, "web:1.0.0", { program: "http" });
    await busyboxImage(engine.api, "web:1.1.0", { program: "http", files: { "etc/release": "1.1" } });
  });
  afterEach(async () => {
    for (const { Id } of await engine.api.listContainers({ all: true }))
      await engine.api.getContainer(Id).remove({ force: true });
  });

  test("a change of settings is applied to the running plugin, and audited without values", async () => {
    const { call, manage } = await makeContainerServer(engine);
    await manage("web", { action: "install", start: true });
    const settings = { env: { GREETING: "good day" }, pids: 50 };
    const plan = await manage("web", { action: "settings", settings, dryRun: true });
    expect(plan).toMatchObject({
      plugin: "web",
      changed: false,
      plan: expect.arrayContaining(["change GREETING"]),
    });
    expect((await call("GET", "/p/web/")).body).toBe("hello admin\n");
    expect(await manage("web", { action: "settings", settings })).toMatchObject({
      changed: true,
      state: "running",
    });
    expect((await call("GET", "/p/web/")).body).toBe("good day\n");
    const shown = (await call("GET", `${PLUGIN}/settings`)).body;
    expect(shown).toMatchObject({
      pids: 50,
      env: { GREETING: "good day", THINGER_TOKEN_WEB_CALLBACK: "••••••" },
    });
    await manage("web", { action: "rollback" });
    expect((await call("GET", "/p/web/")).body).toBe("hello admin\n");
    const { items } = (await call("GET", "audit?resource=plugin:admin/web")).body;
    expect(items.map(({ action }: { action: string }) => action)).toEqual([
      ...["plugin.rollback", "plugin.set", "plugin.install"],
    ]);
    expect(JSON.stringify(items)).not.toContain("good day");
    expect(items[1].detail).toEqual({ settings: ["env", "pids"], variables: ["GREETING"] });
  });

  test("a rollback brings back what the entry of the version said", async () => {
    const { call, manage, marketplace } = await makeContainerServer(engine);
    await manage("web", { action: "install", start: true });
    expect(await call("POST", PLUGIN, { action: "rollback" })).toMatchObject({ status: 409 });
    await call("PUT", "/plugins/web/tags/v1.0.0", {
      ...{ plugin: "web", version: "v1.0.0", branch: "main", commit: "abc", plugin_file: webEntry() },
    });
    await writeFiles(`${marketplace}/web`, {
      "plugin.json": webEntry({ version: "1.1.0", description: "Another page", tokens: {} }),
    });
    await manage("web", { action: "upgrade" });
    expect((await call("GET", PLUGIN)).body).toMatchObject({
      version: "1.1.0",
      manifest: { version: "1.1.0" },
    });
    const result = await manage("web", { action: "rollback" });
    expect(result).toMatchObject({ version: "1.0.0", previousVersion: "1.1.0", changed: true });
    expect(result.warnings).toEqual([
      expect.stringContaining("its token web_callback has been revoked since"),
    ]);
    expect((await call("GET", PLUGIN)).body).toMatchObject({
      version: "1.0.0",
      manifest: { version: "1.0.0" },
    });
  });

  test("settings that reach beyond the plugin are for administrators", async () => {
    const { url, call, manage } = await makeContainerServer(engine);
    await call("POST", "roles", { id: "runner", permissions: ["read", "deploy"] });
    await call("POST", "users", { login: "bob", password: "bob's password", roles: [{ role: "runner" }] });
    const asBob = callerOver(url, `Basic ${Buffer.from("bob:bob's password").toString("base64")}`);
    await manage("web", { action: "install" });
    const bobs = "/v1/users/bob/plugins/web";
    const volumes = { action: "settings", settings: { volumes: ["/etc:/host"] } };
    expect(await asBob("POST", bobs, volumes)).toMatchObject({ status: 403 });
    expect(await asBob("POST", PLUGIN, { action: "rollback" })).toMatchObject({ status: 403 });
    expect((await asBob("GET", `${PLUGIN}/settings`)).status).toBe(403);
  });
});
