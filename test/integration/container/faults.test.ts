import { rename } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, it, onTestFinished } from "vitest";
import { LABEL } from "../../../src/engine/labels.ts";
import { busyboxImage, pushImage } from "../../helpers/busybox-image.ts";
import { openTarget } from "../../helpers/container-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { engineContents } from "../../helpers/engine-contents.ts";
import { useRegistry } from "../../helpers/registry.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const quiet = () => undefined;
const NOTHING = { containers: [], volumes: [], networks: [] };

describeWith(
  ["docker.io", "docker-registry", "busybox-static"],
  "what goes wrong leaves nothing behind",
  () => {
    const engine = useDockerEngine();
    const registry = useRegistry();
    const reference = () => `${registry.host}/demo:1`;

    beforeAll(async () => {
      await busyboxImage(engine.api, reference(), { program: "http", changes: ["VOLUME /data"] });
      await pushImage(engine.api, reference(), { keep: true });
    });

    const remove = async (name: string) => {
      await openTarget({ url: engine.url }).on("removal").remove({ name, purge: true, dryRun: false });
      expect(await engineContents(engine.api)).toEqual(NOTHING);
    };

    it.each([
      [
        "an image that the registry does not have",
        () => `${registry.host}/nothing:1`,
        "NOT_FOUND",
        /manifest unknown|not found/,
      ],
      ["a registry that does not answer", () => "127.0.0.1:1/nothing:1", "UNAVAILABLE", /connection refused/],
    ])("%s", async (_, image, code, message) => {
      const target = openTarget({ url: engine.url });
      await expect(target.install(image(), { name: "demo" })).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
      expect(await engineContents(engine.api)).toEqual(NOTHING);
    });

    it("a port that is taken", async () => {
      const server = createServer().listen(0, "127.0.0.1");
      onTestFinished(() => void server.close());
      await new Promise((resolve) => server.once("listening", resolve));
      const address = server.address();
      const port = typeof address === "object" ? address?.port : 0;
      const target = openTarget({ url: engine.url });
      const settings = { ports: [`${port}:80`], volumes: ["fresh:/fresh"] };
      await expect(target.install(reference(), { name: "demo", settings })).rejects.toMatchObject({
        code: "CONFLICT",
        message: expect.stringContaining(String(port)),
      });
      expect(await engineContents(engine.api)).toEqual(NOTHING);
    });

    it("a program that ends at once; volumes that were there before are kept", async () => {
      await busyboxImage(engine.api, "local/failing:1", { program: "failing" });
      await engine.api.createVolume({ Name: "precious" });
      onTestFinished(() => engine.api.getVolume("precious").remove());
      const target = openTarget({ url: engine.url });
      const settings = { volumes: ["precious:/a", "fresh:/b"] };
      await expect(target.install("local/failing:1", { name: "demo", settings })).rejects.toMatchObject({
        code: "BACKEND",
        // A busy machine looks only when the engine has started it once more.
        message: expect.stringMatching(/^plugin "demo" ended (with code 1 )?after its start: about to fail$/),
      });
      expect(await engineContents(engine.api)).toEqual({ ...NOTHING, volumes: ["precious"] });
    });

    it("an interrupt while it waits for health", async () => {
      await busyboxImage(engine.api, "local/health:1", { program: "health" });
      const controller = new AbortController();
      const target = openTarget({ url: engine.url, signal: controller.signal });
      const install = target.on("installation").install(
        {
          source: { type: "image", reference: "local/health:1" },
          ...{ name: "demo", settings: {}, build: false, start: true, dryRun: false },
        },
        ({ phase }) => {
          if (phase === "starting") setTimeout(() => controller.abort(), 300);
        },
      );
      await expect(install).rejects.toMatchObject({ code: "CANCELLED" });
      expect(await engineContents(engine.api)).toEqual(NOTHING);
    });

    it("a process that died in the middle of an installation is cleaned up after by the next command", async () => {
      const draft = {
        host: (await import("node:os")).hostname(),
        pid: 2 ** 22 + 1,
        at: new Date().toISOString(),
      };
      await engine.api.createVolume({
        Name: "half",
        Labels: { [LABEL.plugin]: "half", [LABEL.user]: "plugctl" },
      });
      await engine.api.createNetwork({ Name: "plugctl", Labels: { [LABEL.user]: "plugctl" } });
      await engine.api.createContainer({
        name: "plugctl-half.next",
        Image: reference(),
        Labels: {
          [LABEL.plugin]: "half",
          [LABEL.user]: "plugctl",
          [LABEL.transient]: JSON.stringify({ ...draft, newVolumes: ["half"], wasRunning: false }),
        },
      });
      expect(await openTarget({ url: engine.url }).on("listing").list()).toEqual([]);
      expect((await engineContents(engine.api)).containers).toEqual([]);
      expect(await engineContents(engine.api)).toEqual(NOTHING);
    });

    it("one that died in the middle of an update: the old version runs again", async () => {
      const target = openTarget({ url: engine.url });
      await target.install(reference(), { name: "demo" });
      const current = engine.api.getContainer("plugctl-demo");
      const { Config } = await current.inspect();
      await current.stop({ t: 1 });
      const draft = {
        host: (await import("node:os")).hostname(),
        pid: 2 ** 22 + 1,
        at: new Date().toISOString(),
      };
      const next = await engine.api.createContainer({
        name: "plugctl-demo.next",
        Image: reference(),
        Labels: {
          ...Config.Labels,
          [LABEL.transient]: JSON.stringify({ ...draft, newVolumes: [], wasRunning: true }),
        },
      });
      expect(await target.on("listing").list()).toMatchObject([{ name: "demo", state: "running" }]);
      expect((await engineContents(engine.api)).containers).toEqual(["/plugctl-demo"]);
      await expect(next.inspect()).rejects.toMatchObject({ statusCode: 404 });
      await remove("demo");
    });

    it("two at once: the second is told who is at it", async () => {
      await busyboxImage(engine.api, "local/health:1", { program: "health" });
      const target = openTarget({ url: engine.url });
      const controller = new AbortController();
      const slow = openTarget({ url: engine.url, signal: controller.signal });
      const first = slow.install("local/health:1", { name: "demo" });
      await sleep(1500);
      await expect(target.install("local/health:1", { name: "demo" })).rejects.toMatchObject({
        code: "CONFLICT",
        message: `plugin "demo" is being changed by process ${process.pid} on ${(await import("node:os")).hostname()}`,
      });
      controller.abort();
      await expect(first).rejects.toMatchObject({ code: "CANCELLED" });
      expect(await engineContents(engine.api)).toEqual(NOTHING);
    });

    it("an engine that dies under a log, a shell and an installation", async () => {
      await busyboxImage(engine.api, "local/ticker:1", { program: "ticker" });
      const target = openTarget({ url: engine.url });
      await target.install("local/ticker:1", { name: "tick" });
      const log = (async () => {
        for await (const _ of target.on("logs").logs({ name: "tick", follow: true }));
      })();
      const [stdin, stdout] = [new PassThrough(), new PassThrough()];
      stdout.resume();
      const session = { name: "tick", command: ["sleep", "100"], tty: false, stdin, stdout, stderr: stdout };
      const shell = target.on("shell").shell(session);
      const install = target.install("local/health:1", { name: "demo" });
      await sleep(1500);
      const ended = Promise.allSettled([log, shell, install]);
      await engine.crash();
      for (const outcome of await ended) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { code: "UNAVAILABLE" } });
      }
      await expect(target.on("listing").list()).rejects.toMatchObject({
        code: "UNAVAILABLE",
        message: expect.stringContaining(join(engine.folder, "docker.sock")),
      });
      await engine.start();
      // The installation's process lives on here, so its draft is not abandoned; another one's would be.
      await engine.api.getContainer("plugctl-demo.next").remove({ force: true });
      expect(await target.on("listing").list()).toMatchObject([{ name: "tick" }]);
      await remove("tick");
    }, 60_000);
  },
);

describeWith(["docker.io", "docker-registry", "busybox-static"], "a full disk", () => {
  const engine = useDockerEngine({ dataBytes: 24 << 20 });
  const maker = useDockerEngine();
  const registry = useRegistry();

  it("ends an installation with the engine's words, and leaves nothing", async () => {
    const reference = `${registry.host}/large:1`;
    await busyboxImage(maker.api, reference, { files: { "large.bin": "0123456789abcdef".repeat(2 << 20) } });
    await pushImage(maker.api, reference);
    const target = openTarget({ url: engine.url });
    await expect(target.install(reference, { name: "large" })).rejects.toMatchObject({
      message: expect.stringContaining("no space left on device"),
      hint: expect.stringContaining("prune"),
    });
    expect(await engineContents(engine.api)).toEqual(NOTHING);
    expect(await engine.api.listImages()).toEqual([]);
  });
});

describeWith([], "something else than an engine", () => {
  const serve = async (answer: string) => {
    const socket = join(await makeTempDir(), "s.sock");
    const server = createServer((connection) => {
      connection.on("error", quiet);
      connection.once("data", () => connection.end(answer));
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => void server.close());
    return `unix://${socket}`;
  };
  const json = (text: string, status = "200 OK") =>
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;

  it.each([
    ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", "BACKEND", "does not speak HTTP"],
    [
      "a web page",
      json("<html>welcome</html>"),
      "BACKEND",
      "answers something that an engine does not answer",
    ],
    ["other JSON", json('{"hello":"world"}'), "BACKEND", "answers something that an engine does not answer"],
    ["half an answer", json("[]").slice(0, -1), "UNAVAILABLE", "closed the connection"],
    ["nothing", "", "UNAVAILABLE", "closed the connection"],
    ["an error page", json("<html>\u001b[31mno</html>", "502 Bad Gateway"), "BACKEND", "[31mno"],
  ])("%s", async (_, answer, code, message) => {
    const target = openTarget({ url: await serve(answer) });
    const error = await target
      .on("listing")
      .list()
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(error.message).not.toContain("\u001b");
  });

  it("nothing that listens, and no such context", async () => {
    const folder = await makeTempDir();
    await expect(
      openTarget({ url: `unix://${folder}/none` })
        .on("listing")
        .list(),
    ).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: `target "edge": no engine at ${folder}/none: there is no such socket`,
      hint: expect.stringMatching(/systemctl start docker.*plugctl target add edge --overwrite.*--docker/),
      exitCode: 7,
    });
    const left = join(folder, "left.sock");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(`${left}.moved`, resolve));
    await rename(`${left}.moved`, left);
    await new Promise<unknown>((resolve) => server.close(resolve));
    await expect(
      openTarget({ url: `unix://${left}` })
        .on("listing")
        .list(),
    ).rejects.toMatchObject({
      message: `target "edge": no engine listens at ${left}: the socket is there, and nobody answers`,
      exitCode: 7,
    });
    await expect(openTarget({ url: "tcp://127.0.0.1:1" }).on("listing").list()).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    const env = { HOME: folder };
    await expect(openTarget({ url: "docker-context:lab", env }).on("listing").list()).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: 'there is no docker context "lab"',
    });
  });
});
