import { once } from "node:events";
import { createServer, request } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeAll, expect, it, onTestFinished } from "vitest";
import { busyboxImage, pushImage } from "../helpers/busybox-image.ts";
import { describeWith } from "../helpers/debian-programs.ts";
import { useDockerEngine } from "../helpers/docker-engine.ts";
import { engineContents } from "../helpers/engine-contents.ts";
import { plugctlOver } from "../helpers/plugctl-over.ts";
import { writeFiles } from "../helpers/plugin-folder.ts";
import { useRegistry } from "../helpers/registry.ts";

/** Exit codes of docs/errors.md. */
const FAILED = 1;
const NOT_FOUND = 3;
const CONFLICT = 5;
const UNAVAILABLE = 7;
const SHELL_FAILED = 125;

const PACKAGES = ["docker.io", "docker-registry", "busybox-static"] as const;
const LARGE = "0123456789abcdef".repeat(2 << 20);

describeWith(PACKAGES, "what goes wrong", () => {
  const engine = useDockerEngine();
  const registry = useRegistry();
  const plugctl = plugctlOver(engine);
  const { run, must, json, begin } = plugctl;
  const image = () => `image:${registry.host}/service:1`;

  async function publish(name: string, image: Parameters<typeof busyboxImage>[2]) {
    await busyboxImage(engine.api, `${registry.host}/${name}`, image);
    await pushImage(engine.api, `${registry.host}/${name}`);
  }

  beforeAll(async () => {
    await publish("service:1", { changes: ["VOLUME /data"] });
    const never = "HEALTHCHECK --interval=1s --retries=500 CMD false";
    await busyboxImage(engine.api, "local/health:1", { changes: [never, "VOLUME /data"] });
    await must("install", image(), "--name", "keep", "-e", "GREETING=hello");
    await must("shell", "keep", "--", "sh", "-c", "echo precious > /data/file");
  });

  // One test's failure is not to be that of all the others.
  afterEach(() => engine.start());

  /** Does it, and expects that everything is as it was: the plugin that runs, its data, and nothing new. */
  async function changesNothing(work: () => Promise<void>) {
    const before = await engineContents(engine.api);
    await work();
    expect(await json("list")).toMatchObject([{ name: "keep", state: "running" }]);
    expect(await must("shell", "keep", "--", "sh", "-c", "echo $GREETING; cat /data/file")).toBe(
      "hello\nprecious\n",
    );
    expect(await engineContents(engine.api)).toEqual(before);
  }

  /** A dockerd that was killed ends what ran, and leaves it at that. */
  const startAgain = () => must("start", "keep");

  /** A command that must fail with one message that says this, and no trace of the program's insides. */
  async function fails(args: readonly string[], code: number, message: RegExp) {
    const { exitCode, stdout, stderr } = await run(...args);
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: code, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\bat .*\.(?:js|ts):\d+/);
  }

  it("an image, a tag or a registry that is not there", () =>
    changesNothing(async () => {
      await fails(["install", `image:${registry.host}/nothing:1`], NOT_FOUND, /not found|manifest unknown/);
      await fails(["install", `image:${registry.host}/service:9`], NOT_FOUND, /not found|manifest unknown/);
      await fails(["install", "image:127.0.0.1:1/service:1"], UNAVAILABLE, /connection refused/);
      await fails(["update", "keep@9"], NOT_FOUND, /not found|manifest unknown/);
    }));

  it("a name that is taken, by a plugin or by somebody's container", () =>
    changesNothing(async () => {
      await fails(["install", image(), "--name", "keep"], CONFLICT, /"keep" is installed already/);
      const theirs = await engine.api.createContainer({ name: "plugctl-theirs", Image: "local/health:1" });
      await fails(["install", image(), "--name", "theirs"], CONFLICT, /none of this user's plugins/);
      await theirs.remove({ v: true });
    }));

  it("a port that is taken, at installation and with new settings", () =>
    changesNothing(async () => {
      const holder = createTcpServer().listen(0, "127.0.0.1");
      await once(holder, "listening");
      const { port } = holder.address() as AddressInfo;
      const publish = ["-p", `${port}:80`];
      const said = new RegExp(`${port}`);
      await fails(["install", image(), "--name", "other", ...publish], CONFLICT, said);
      await fails(["set", "keep", "GREETING=no", ...publish], CONFLICT, said);
      holder.close();
    }));

  it.each(["SIGKILL", "SIGTERM"] as const)(
    "an engine that ends with %s in the middle of everything",
    (signal) =>
      changesNothing(async () => {
        const stalling = await stallingRegistry(registry.host);
        await publish(`other:${signal.toLowerCase()}`, { files: { content: signal } });
        const pull = begin("install", `image:${stalling}/other:${signal.toLowerCase()}`, "--name", "pulled");
        const install = begin("install", "image:local/health:1", "--name", "waiting");
        const logs = begin("logs", "keep", "-f");
        const shell = begin("shell", "keep", "--", "sh", "-c", "echo inside; sleep 1000");
        await Promise.all([
          pull.shows(/pulling/),
          install.shows(/waiting until/),
          logs.shows(/started/),
          shell.shows(/inside/),
        ]);
        await engine.crash(signal);
        for (const [command, code] of [
          [pull, [UNAVAILABLE]],
          // With SIGTERM the engine ends containers before itself, which a command may come to see first.
          [install, signal === "SIGKILL" ? [UNAVAILABLE] : [UNAVAILABLE, FAILED]],
          [logs, [UNAVAILABLE]],
          [shell, signal === "SIGKILL" ? [SHELL_FAILED] : [SHELL_FAILED, 143, 137]],
        ] as const) {
          const { exitCode, stderr } = await command.ended;
          expect(code, stderr).toContain(exitCode);
          if (exitCode !== 143 && exitCode !== 137)
            expect(stderr).toMatch(/✖ (?:target "edge"|plugin ").+\n/);
        }
        await fails(["list"], UNAVAILABLE, /docker\.sock/);
        await engine.start();
        await startAgain();
        // An engine that shuts down while an installation is undone can keep a new volume, which still tells whose it is.
        if (signal === "SIGTERM") await run("remove", "waiting", "--purge", "--yes");
      }),
    90_000,
  );

  it(
    "an engine that ends under an update: the version of before runs when it is back",
    () =>
      changesNothing(async () => {
        const update = begin("set", "keep", "GREETING=lost", "--memory", "64m");
        await update.shows(/creating|starting/);
        await engine.crash();
        const { exitCode } = await update.ended;
        await engine.start();
        // It may have been done just before: then it says so, and is taken back.
        if (exitCode === 0) await must("rollback", "keep");
        else expect(exitCode).toBe(UNAVAILABLE);
        await startAgain();
      }),
    60_000,
  );

  it.each([
    ["creates", "POST", /\/containers\/create/],
    ["starts", "POST", /\/containers\/[^/]+\/start/],
    ["looks at containers", "GET", /\/containers\/[^/]+\/json\?|\/containers\/[0-9a-f]{64}\/json/],
  ])("an engine that answers garbage when it %s", (_, method, path) =>
    changesNothing(async () => {
      const url = await garblingProxy(engine.socket, join(plugctl.folder, `${Math.random()}.sock`), {
        method,
        path,
      });
      await must("target", "add", "garbled", "--kind", "container", "--url", url, "--overwrite");
      await fails(
        ["install", image(), "--name", "other", "-t", "garbled"],
        FAILED,
        /✖ (?:target "garbled"|plugin "other" ended)/,
      );
      await must("target", "remove", "garbled", "--yes");
    }),
  );

  it("something else than an engine", async () => {
    const server = createTcpServer((connection) => {
      connection.on("error", () => undefined);
      connection.once("data", () => connection.end("SSH-2.0-OpenSSH_9.2\r\n"));
    });
    const socket = join(plugctl.folder, "other.sock");
    server.listen(socket);
    onTestFinished(() => void server.close());
    await must("target", "add", "other", "--kind", "container", "--url", `unix://${socket}`);
    for (const args of [["list"], ["install", image()], ["start", "keep"], ["logs", "keep"]])
      await fails([...args, "-t", "other"], FAILED, /does not speak HTTP/);
    await fails(["shell", "-t", "other", "keep"], SHELL_FAILED, /does not speak HTTP/);
    await must("target", "remove", "other", "--yes");
  });
});

describeWith(PACKAGES, "a disk that is full", () => {
  const engine = useDockerEngine({ dataBytes: 24 << 20 });
  const maker = useDockerEngine();
  const registry = useRegistry();
  const plugctl = plugctlOver(engine);
  const { run, must, json } = plugctl;

  beforeAll(async () => {
    for (const [tag, files] of [
      ["1", {}],
      ["2", { "large.bin": LARGE }],
    ] as const) {
      await busyboxImage(maker.api, `${registry.host}/app:${tag}`, { files });
      await pushImage(maker.api, `${registry.host}/app:${tag}`);
    }
    await must("install", `image:${registry.host}/app:1`, "--name", "keep");
  });

  it("by an image: neither an installation nor an update changes anything", async () => {
    const before = await engineContents(engine.api);
    for (const args of [
      ["install", `image:${registry.host}/app:2`, "--name", "large"],
      ["update", "keep@2"],
    ]) {
      const { exitCode, stderr } = await run(...args);
      expect(exitCode, stderr).toBe(FAILED);
      expect(stderr).toMatch(/no space left on device/);
      expect(await json("list")).toMatchObject([{ name: "keep", version: "1", state: "running" }]);
      expect(await engineContents(engine.api)).toEqual(before);
    }
  });

  it("by files for a volume: the volume goes too", async () => {
    const before = await engineContents(engine.api);
    await writeFiles(join(plugctl.folder, "filler"), {
      "plugin.json": {
        ...{ name: "filler", version: "1" },
        task: {
          ...{ type: "docker", image: `${registry.host}/app:1`, user: "0:0", copy: { config: "data" } },
          volumes: [{ source: "data", target: "/data", description: "data" }],
        },
      },
      "config/large.bin": LARGE,
    });
    const { exitCode, stderr } = await run("install", "./filler");
    expect(exitCode, stderr).toBe(FAILED);
    expect(stderr).toMatch(/no space left on device/);
    expect(await engineContents(engine.api)).toEqual(before);
    expect(await json("list")).toMatchObject([{ name: "keep", state: "running" }]);
  });
});

/** A registry that has everything that the other one has, and never comes to the end of a layer. */
async function stallingRegistry(host: string): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const { method, url = "", headers } = incoming;
    const forwarded = request(`http://${host}${url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (/\/blobs\//.test(url) && answer.headers["content-type"] === "application/octet-stream") {
        outgoing.flushHeaders();
        answer.destroy();
      } else pipeline(answer, outgoing).catch(() => undefined);
    });
    forwarded.on("error", () => outgoing.destroy());
    forwarded.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The engine's own answers, but for those to one call. */
async function garblingProxy(
  socketPath: string,
  socket: string,
  garbled: { method: string; path: RegExp },
): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const { method = "GET", url = "/", headers } = incoming;
    if (method === garbled.method && garbled.path.test(url)) {
      outgoing.writeHead(200, { "content-type": "application/json" }).end("<html>\u001b[31mwelcome</html>");
      incoming.resume();
      return;
    }
    const forwarded = request({ socketPath, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, outgoing).catch(() => undefined);
    });
    forwarded.on("error", () => outgoing.destroy());
    pipeline(incoming, forwarded).catch(() => undefined);
  });
  server.listen(socket);
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `unix://${socket}`;
}
