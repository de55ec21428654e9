import { PassThrough } from "node:stream";
import { afterEach, beforeAll, expect, it, onTestFinished } from "vitest";
import type { Connection } from "../../../src/adapters/adapter.ts";
import { createAdapter } from "../../../src/adapters/container/index.ts";
import { type Capabilities, type Capability, need } from "../../../src/core/capabilities.ts";
import type { InstallSource } from "../../../src/core/installation.ts";
import { makeConnection } from "../../helpers/adapter-connection.ts";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { makeContainerServer, productEntry } from "../../helpers/container-server.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { writeFiles } from "../../helpers/plugin-folder.ts";

const quiet = () => undefined;

describeWith(["docker.io", "busybox-static"], "a server of Thinger's plugin API as a target", () => {
  const engine = useDockerEngine();

  beforeAll(async () => {
    await busyboxImage(engine.api, "web:1.0.0", { program: "http" });
    await busyboxImage(engine.api, "service:1");
  });
  afterEach(async () => {
    for (const { Id } of await engine.api.listContainers({ all: true }))
      await engine.api.getContainer(Id).remove({ force: true });
  });

  async function openServer(given: Partial<Connection> = {}) {
    const { url, admin, marketplace } = await makeContainerServer(engine);
    const token = admin.headers.authorization.replace(/^Bearer /, "");
    const adapter = await createAdapter(makeConnection({ url, target: "edge", token, ...given }));
    onTestFinished(() => adapter.close());
    const on = <C extends Capability>(capability: C): Capabilities[C] => need(adapter, capability, []);
    const install = (source: InstallSource, name?: string) =>
      on("installation").install(
        { source, name, settings: { env: { EXTRA: "1" } }, build: false, start: true, dryRun: false },
        quiet,
      );
    return { on, install, marketplace };
  }

  it("searches, installs, controls, opens and removes", async () => {
    const { on, install } = await openServer();
    expect(await on("health").check()).toMatchObject({ login: "admin" });
    expect(await on("catalogue").search({ text: "page" })).toMatchObject([
      { name: "web", version: "1.0.0", state: "available", nativeState: "container" },
    ]);
    expect(await on("inspection").info({ name: "web" })).toMatchObject({
      state: "available",
      readme: "# web",
    });
    expect(await install({ type: "market", name: "web" })).toMatchObject({
      name: "web",
      state: "running",
      changed: true,
    });
    await expect(install({ type: "market", name: "web" })).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await on("listing").list()).toMatchObject([{ name: "web", version: "1.0.0", state: "running" }]);
    expect(await on("inspection").info({ name: "web" })).toMatchObject({ state: "running", readme: "# web" });
    const { pause, resume, stop, start } = on("lifecycle");
    expect(await pause("web")).toMatchObject({ name: "web", state: "paused", changed: true });
    await expect(start("web")).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await resume("web")).toMatchObject({ state: "running" });
    expect(await stop("web", { timeoutSeconds: 2 })).toMatchObject({ state: "stopped" });
    expect(await stop("web", {})).toMatchObject({ changed: false });
    expect(await on("access").get("web")).toMatchObject({ access: "private" });
    expect(await on("installation").outdated()).toMatchObject([{ name: "web", latest: "1.0.0" }]);
    expect(await on("removal").remove({ name: "web", purge: true, dryRun: false })).toEqual([
      { name: "web", version: "1.0.0", state: "purged" },
    ]);
    expect(await on("listing").list()).toEqual([]);
  });

  it("reads logs, and runs commands with what is piped in and a terminal", async () => {
    const { on, install } = await openServer();
    await install({ type: "image", reference: "service:1" }, "box");
    const lines = [];
    for await (const line of on("logs").logs({ name: "box", follow: false })) lines.push(line);
    expect(lines).toMatchObject([{ plugin: "box", stream: "stdout", text: "started" }]);
    const open = (command: string[] | undefined, tty = false) => {
      const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
      const seen = { stdout: "", stderr: "" };
      stdout.on("data", (chunk) => {
        seen.stdout += chunk;
      });
      stderr.on("data", (chunk) => {
        seen.stderr += chunk;
      });
      const size = { columns: 77, rows: 22 };
      return {
        stdin,
        seen,
        code: on("shell").shell({ name: "box", command, tty, stdin, stdout, stderr, size }),
      };
    };
    const piped = open(["sh", "-c", "cat; echo bad >&2; echo $EXTRA; exit 5"]);
    piped.stdin.end("in\n");
    expect(await piped.code).toBe(5);
    expect(piped.seen).toEqual({ stdout: "in\n1\n", stderr: "bad\n" });
    const single = open(["id"]);
    single.stdin.end();
    expect(await single.code).toBe(0);
    expect(single.seen.stdout).toContain("uid=0");
    const large = open(["wc", "-c"]);
    large.stdin.end("x".repeat(5_000_000));
    expect(await large.code).toBe(0);
    expect(large.seen.stdout.trim()).toBe("5000000");
    const terminal = open(undefined, true);
    terminal.stdin.write("stty size; exit 4\n");
    expect(await terminal.code).toBe(4);
    expect(terminal.seen.stdout).toContain("22 77");
  });

  it("installs a product as data: listed, compared, described", async () => {
    const { on, install, marketplace } = await openServer();
    await install({ type: "market", name: "sensor" });
    await install({ type: "image", reference: "service:1" }, "box");
    expect(await on("listing").list()).toMatchObject([
      { name: "box", state: "running" },
      { name: "sensor", version: "2.0.0", state: "installed" },
    ]);
    expect(await on("comparison").diff("sensor")).toMatchObject({ offeredVersion: "2.0.0", changes: [] });
    expect(await on("portability").export(undefined)).toEqual([
      { name: "box", version: "1", source: "image:service:1", digest: expect.stringMatching(/^sha256:/) },
      {
        ...{ name: "sensor", version: "2.0.0", source: "market:sensor@2.0.0", digest: null },
        ...{ entryKind: "product", installedAt: expect.any(String), manifest: productEntry },
      },
    ]);
    const [product] = productEntry.resources.products;
    const offered = {
      ...productEntry,
      version: "2.1.0",
      resources: { products: [{ ...product, name: "X" }] },
    };
    await writeFiles(marketplace, { "sensor/plugin.json": offered });
    expect((await on("comparison").diff("sensor")).changes).toEqual([
      { path: "version", change: "changed", from: "2.0.0", to: "2.1.0" },
      { path: "resources.products.0.name", change: "changed", from: "Sensor", to: "X" },
    ]);
    await expect(on("comparison").diff("none")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await on("removal").remove({ name: "sensor", purge: true, dryRun: false });
    expect(await on("listing").list()).toMatchObject([{ name: "box" }]);
  });

  it("says what such a target cannot do, and who may not", async () => {
    const { on, install } = await openServer();
    await expect(install({ type: "path", path: "/x" })).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect(() => on("settings")).toThrow('target "edge" (container) has no settings');
    await expect(on("lifecycle").start("none")).rejects.toMatchObject({ code: "NOT_FOUND" });
    const { on: asNobody } = await openServer({ credential: async () => "plc_wrong" });
    await expect(asNobody("listing").list()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    const shell = asNobody("shell").shell({
      ...{ name: "box", command: undefined, tty: false, stdin: new PassThrough() },
      ...{ stdout: new PassThrough(), stderr: new PassThrough() },
    });
    await expect(shell).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});
