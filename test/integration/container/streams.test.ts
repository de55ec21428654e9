import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import type { LogLine, LogQuery } from "../../../src/core/observation.ts";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { type ContainerTarget, openTarget } from "../../helpers/container-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { usePodmanEngine } from "../../helpers/podman-engine.ts";

/** Collects lines in the background until the test ends. */
function follow(url: string, query: Partial<LogQuery> & { name: string }) {
  const controller = new AbortController();
  const target = openTarget({ url, signal: controller.signal });
  const lines: LogLine[] = [];
  const done = (async () => {
    for await (const line of target.on("logs").logs({ follow: true, ...query })) lines.push(line);
  })().catch((error) => error);
  onTestFinished(async () => {
    controller.abort();
    await done;
  });
  return { lines, done, texts: () => lines.map(({ text }) => text) };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("it did not happen within 20 s");
    await sleep(50);
  }
}

for (const { product, packages, useEngine } of [
  { product: "Docker", packages: ["docker.io", "busybox-static"] as const, useEngine: useDockerEngine },
  { product: "Podman", packages: ["podman", "busybox-static"] as const, useEngine: usePodmanEngine },
]) {
  describeWith(packages, `${product}: logs and shell`, () => {
    const engine = useEngine();
    let target: ContainerTarget;

    beforeAll(async () => {
      await busyboxImage(engine.api, "localhost/ticker:1", { program: "ticker" });
      await busyboxImage(engine.api, "localhost/service:1");
      target = openTarget({ url: engine.url }, { keepOpen: true });
      await target.install("localhost/service:1", { name: "box" });
    });
    afterAll(() => target.adapter.close());

    const all = async (query: Partial<LogQuery> & { name: string }) => {
      const lines: LogLine[] = [];
      for await (const line of target.on("logs").logs({ follow: false, ...query })) lines.push(line);
      return lines;
    };

    it("a followed log goes on over a restart, with no line lost or twice", async () => {
      await target.install("localhost/ticker:1", { name: "tick" });
      const { lines, texts } = follow(engine.url, { name: "tick" });
      await until(() => lines.length >= 8);
      await target.on("lifecycle").restart("tick", {});
      await until(
        () => texts().lastIndexOf("tick 1") > 0 && lines.length - texts().lastIndexOf("tick 1") >= 5,
      );
      await target.on("lifecycle").stop("tick", {});
      await sleep(500);
      const stored = await all({ name: "tick" });
      await until(() => lines.length >= stored.length);
      expect(texts()).toEqual(stored.map(({ text }) => text));
      const second = texts().lastIndexOf("tick 1");
      expect(texts()).toEqual([
        ...Array.from({ length: second }, (_, index) => `tick ${index + 1}`),
        ...Array.from({ length: lines.length - second }, (_, index) => `tick ${index + 1}`),
      ]);
    });

    it("a followed log goes on with the container that takes the place of the first", async () => {
      await target.install("localhost/ticker:1", { name: "turn" });
      const { texts } = follow(engine.url, { name: "turn", tail: 1 });
      await until(() => texts().length >= 3);
      await target
        .on("settings")
        .set({ name: "turn", change: { env: { A: "1" } }, dryRun: false }, () => undefined);
      await until(() => texts().indexOf("tick 1", 1) > 0);
    });

    it("a log is limited by lines and by time", async () => {
      const stored = await all({ name: "tick" });
      const tail = await all({ name: "tick", tail: 3 });
      expect(tail.map(({ text }) => text)).toEqual(stored.slice(-3).map(({ text }) => text));
      const middle = new Date(stored[Math.floor(stored.length / 2)]?.at ?? "");
      const late = await all({ name: "tick", since: middle });
      const early = await all({ name: "tick", until: middle });
      expect(late.length).toBeGreaterThan(1);
      expect(late.length).toBeLessThan(stored.length);
      expect(early.length + late.length).toBeGreaterThanOrEqual(stored.length);
      expect(late.every(({ at }) => Date.parse(at ?? "") >= middle.getTime())).toBe(true);
    });

    it("tells the streams apart, keeps long lines whole and characters unbroken", async () => {
      const script = `printf 'out\\n'; printf 'err\\n' >&2; printf '%070000d é\\n' 7; printf 'no end'`;
      await busyboxImage(engine.api, "localhost/lines:1", {
        changes: [`CMD ${JSON.stringify(["/bin/sh", "-c", `${script}; while :; do sleep 1; done`])}`],
      });
      await target.install("localhost/lines:1", { name: "lines" });
      await target.on("lifecycle").kill("lines", {});
      const found = await all({ name: "lines" });
      expect(found.find(({ text }) => text === "err")?.stream).toBe("stderr");
      const out = found.filter(({ stream }) => stream === "stdout").map(({ text }) => text);
      expect(out.map((text) => text.length)).toEqual([3, 70_002, 6]);
      expect(out[1]?.endsWith("7 é")).toBe(true);
      const stamps = found.map(({ at }) => at);
      expect(
        stamps.filter((at) => !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(at ?? "")),
      ).toEqual([]);
    });

    const session = (command: string[], options: { tty?: boolean; input?: string | null } = {}) => {
      const stdin = new PassThrough();
      const stdout = new PassThrough();
      const stderr = new PassThrough();
      const seen = { stdout: "", stderr: "" };
      stdout.on("data", (chunk) => {
        seen.stdout += chunk;
      });
      stderr.on("data", (chunk) => {
        seen.stderr += chunk;
      });
      if (options.input !== null) stdin.end(options.input ?? "");
      const streams = { name: "box", command, tty: options.tty === true, stdin, stdout, stderr };
      return { streams, stdin, seen };
    };

    it("a command gets what is piped in, writes to both streams, and its exit code comes back", async () => {
      const { streams, seen } = session(["sh", "-c", "cat; echo bad >&2; exit 7"], { input: "one\ntwo\n" });
      expect(await target.on("shell").shell(streams)).toBe(7);
      expect(seen).toEqual({ stdout: "one\ntwo\n", stderr: "bad\n" });
    });

    it("megabytes pass both ways unchanged", async () => {
      const input = "0123456789abcdef".repeat(256 * 1024);
      const { streams, seen } = session(["cat"], { input });
      expect(await target.on("shell").shell(streams)).toBe(0);
      expect(seen.stdout.length).toBe(input.length);
      expect(seen.stdout === input).toBe(true);
    });

    it("a terminal has its size, follows changes of it, and passes Ctrl-C on to the program", async () => {
      const { streams, stdin, seen } = session([], { tty: true, input: null });
      let resize: ((size: { columns: number; rows: number }) => void) | undefined;
      const { command: _, ...rest } = streams;
      const code = target.on("shell").shell({
        ...rest,
        size: { columns: 91, rows: 33 },
        onResize: (listener) => {
          resize = listener;
          return () => {
            resize = undefined;
          };
        },
      });
      await until(() => /[#$] /.test(seen.stdout));
      stdin.write("stty size\n");
      await until(() => seen.stdout.includes("33 91"));
      resize?.({ columns: 120, rows: 40 });
      await sleep(300);
      stdin.write("stty size\n");
      await until(() => seen.stdout.includes("40 120"));
      stdin.write("sleep 100\n");
      await sleep(300);
      stdin.write("\x03");
      stdin.write("echo still $((40 + 2))\n");
      await until(() => seen.stdout.includes("still 42"));
      stdin.write("exit 9\n");
      expect(await code).toBe(9);
      expect(resize).toBeUndefined();
    });

    it("a program that is not there is code 126 or 127, with the engine's words", async () => {
      const { streams, seen } = session(["no-such-program"]);
      const code = await target
        .on("shell")
        .shell(streams)
        .catch((error) => `${error.message}`);
      expect(`${code} ${seen.stdout} ${seen.stderr}`).toMatch(/no-such-program/);
      expect(code).not.toBe(0);
    });

    it("nothing runs in a plugin that is stopped or paused; the error says what to do", async () => {
      await target.on("lifecycle").pause("box");
      await expect(target.on("shell").shell(session(["true"]).streams)).rejects.toMatchObject({
        code: "CONFLICT",
        details: { allowed: "resume" },
      });
      await target.on("lifecycle").resume("box");
      await target.on("lifecycle").stop("box", {});
      await expect(target.on("shell").shell(session(["true"]).streams)).rejects.toMatchObject({
        code: "CONFLICT",
        details: { allowed: "start" },
      });
      await target.on("lifecycle").start("box");
    });

    it("a shell that is interrupted leaves at once", async () => {
      const controller = new AbortController();
      const other = openTarget({ url: engine.url, signal: controller.signal });
      const { streams } = session(["sleep", "100"], { input: null });
      const shell = other.on("shell").shell(streams);
      setTimeout(() => controller.abort(), 500);
      await expect(shell).rejects.toMatchObject({ code: "CANCELLED" });
    }, 10_000);
  });
}
