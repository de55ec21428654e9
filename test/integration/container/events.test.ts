import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { beforeAll, expect, it, onTestFinished } from "vitest";
import type { TargetEvent } from "../../../src/core/observation.ts";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { type ContainerTarget, openTarget } from "../../helpers/container-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { usePodmanEngine } from "../../helpers/podman-engine.ts";

describeWith(["docker.io", "busybox-static"], "events of Docker", () => {
  const engine = useDockerEngine();
  tellsOfLives(engine);

  it("goes on after a restart of the engine, with what happens from then on", async () => {
    const target = openTarget({ url: engine.url });
    const interruptions: string[] = [];
    const seen = watch(target, ({ message }) => interruptions.push(message));
    await target.install("localhost/service:1", { name: "survivor" });
    await until(() => seen.some(({ type }) => type === "plugin.start"));
    await engine.crash();
    await engine.start();
    await until(() => interruptions.length > 0);
    const again = openTarget({ url: engine.url });
    await again.on("lifecycle").restart("survivor", { timeoutSeconds: 1 });
    await until(() => seen.some(({ type }) => type === "plugin.restart"));
    expect(interruptions).toHaveLength(1);
    const keys = seen.map(({ at, type }) => `${at} ${type}`);
    expect(new Set(keys).size).toBe(keys.length);
    await again.on("removal").remove({ name: "survivor", purge: true, dryRun: false });
  });

  it("tells of health, and refuses the number of an event", async () => {
    await busyboxImage(engine.api, "localhost/health:1", { program: "health" });
    const target = openTarget({ url: engine.url });
    const seen = watch(target);
    await target.install("localhost/health:1", { name: "well", settings: { env: { HEALTHY: "yes" } } });
    await until(() => seen.some(({ type, data }) => type === "plugin.health" && data.health === "healthy"));
    await target.on("removal").remove({ name: "well", purge: true, dryRun: false });
    const numbered = target.on("events").events({ since: 7, follow: false });
    await expect(numbered[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});

describeWith(["podman", "busybox-static"], "events of Podman", () => {
  tellsOfLives(usePodmanEngine());
});

function tellsOfLives(engine: { url: string; api: Docker }): void {
  beforeAll(() => busyboxImage(engine.api, "localhost/service:1"));

  it("tells of starts and ends with their exit codes, of this user's plugins alone", async () => {
    const begin = new Date(Date.now() - 1000);
    const target = openTarget({ url: engine.url });
    const stranger = openTarget({ url: engine.url, container: { user: "ann" } });
    const seen = watch(target);
    await stranger.install("localhost/service:1", { name: "other" });
    await target.install("localhost/service:1", { name: "box" });
    await target.on("lifecycle").pause("box");
    await target.on("lifecycle").resume("box");
    await target.on("lifecycle").kill("box", {});
    await until(() => seen.some(({ type }) => type === "plugin.die"));
    const types = ["create", "start", "pause", "unpause", "die"].map((action) => `plugin.${action}`);
    const told = (events: TargetEvent[]) => events.filter(({ type }) => types.includes(type));
    expect(told(seen).map(({ type }) => type)).toEqual(types);
    expect(new Set(seen.map(({ resource }) => resource))).toEqual(new Set(["plugin:box"]));
    expect(seen.find(({ type }) => type === "plugin.die")?.data).toMatchObject({ exitCode: 137 });
    const past: TargetEvent[] = [];
    for await (const event of target.on("events").events({ since: begin, follow: false })) past.push(event);
    expect(told(past)).toEqual(told(seen));
    for (const { on } of [target, stranger])
      for (const { name } of await on("listing").list())
        await on("removal").remove({ name, purge: true, dryRun: false });
  });
}

/** What comes while the test runs. */
function watch(target: ContainerTarget, onInterruption?: (error: Error) => void): TargetEvent[] {
  const seen: TargetEvent[] = [];
  const events = target.on("events").events({ follow: true, since: new Date(), onInterruption });
  const iterator = events[Symbol.asyncIterator]();
  const reading = (async () => {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) seen.push(next.value);
  })();
  reading.catch(() => undefined);
  onTestFinished(() => void iterator.return?.());
  return seen;
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 200) throw new Error("it did not come to that");
    await sleep(50);
  }
}
