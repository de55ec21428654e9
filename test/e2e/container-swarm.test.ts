import { beforeAll, expect, it } from "vitest";
import { busyboxImage, pushImage } from "../helpers/busybox-image.ts";
import { describeWith } from "../helpers/debian-programs.ts";
import { useDockerEngine } from "../helpers/docker-engine.ts";
import { engineContents } from "../helpers/engine-contents.ts";
import { plugctlOver } from "../helpers/plugctl-over.ts";
import { useRegistry } from "../helpers/registry.ts";

describeWith(["docker.io", "docker-registry", "busybox-static"], "a swarm of one node", () => {
  const engine = useDockerEngine({ swarm: true });
  const registry = useRegistry();
  const { run, must, json, begin } = plugctlOver(engine, "--swarm");

  beforeAll(async () => {
    for (const [tag, program] of [
      ["1", "ticker"],
      ["2", "ticker"],
      ["broken", "failing"],
    ] as const) {
      const image = { program, files: { release: tag }, changes: ["VOLUME /data"] };
      await busyboxImage(engine.api, `${registry.host}/app:${tag}`, image);
      await pushImage(engine.api, `${registry.host}/app:${tag}`);
    }
  });

  const release = () => must("shell", "app", "--", "cat", "/release");

  it("runs three replicas, updates them one after another, goes back, and leaves nothing", async () => {
    const before = await engineContents(engine.api);
    const source = `image:${registry.host}/app:1`;
    expect(await json("install", source, "--name", "app", "--replicas", "3", "-e", "A=1")).toMatchObject({
      ...{ name: "app", state: "running", nativeState: "3/3" },
    });
    expect(await json("list")).toMatchObject([{ name: "app", version: "1", replicas: 3 }]);
    const tasks = (await json("info", "app")).tasks.filter(
      ({ state }: { state: string }) => state === "running",
    );
    expect(tasks).toHaveLength(3);
    expect(await release()).toBe("1");

    // While tasks are replaced one after another, there are always others that run.
    const watched: number[] = [];
    const watch = setInterval(() => {
      engine.api.listContainers().then(
        (containers) => watched.push(containers.filter(({ State }) => State === "running").length),
        () => undefined,
      );
    }, 200);
    expect(await json("update", "app@2")).toMatchObject({
      ...{ version: "2", previousVersion: "1", nativeState: "3/3" },
    });
    clearInterval(watch);
    expect(watched.length).toBeGreaterThan(3);
    expect(Math.min(...watched)).toBeGreaterThanOrEqual(2);
    expect(await release()).toBe("2");

    expect(await json("rollback", "app")).toMatchObject({ version: "1", nativeState: "3/3" });
    expect(await release()).toBe("1");

    const failed = await run("update", "app@broken");
    expect([failed.exitCode, failed.stderr]).toEqual([
      1,
      expect.stringContaining("went back to what was before"),
    ]);
    expect(await json("list")).toMatchObject([{ version: "1", nativeState: "3/3" }]);

    expect(await must("logs", "app", "--tail", "3")).toMatch(/^tick \d+$/m);
    const following = begin("logs", "app", "-f", "--tail", "1");
    await following.shows(/(?:tick \d+\n){3}/);
    following.process.kill("SIGINT");
    expect((await following.ended).exitCode).toBe(130);
    expect((await run("shell", "app", "--", "sh", "-c", "echo $A; exit 7")).exitCode).toBe(7);
    expect((await run("diff", "app", "--exit-code", "-o", "json")).exitCode).toBe(10);
    expect((await json("export", "app")).plugins).toMatchObject([
      { name: "app", version: "1", source, settings: { env: { A: "1" }, replicas: 3 } },
    ]);

    await must("set", "app", "--replicas", "1", "A=2");
    expect(await json("list")).toMatchObject([{ replicas: 1, nativeState: "1/1" }]);
    for (const [verb, state] of [
      ["stop", "stopped"],
      ["start", "running"],
      ["restart", "running"],
    ] as const)
      expect(await json(verb, "app")).toMatchObject({ name: "app", state });
    expect((await run("pause", "app")).exitCode).toBe(6);

    await must("remove", "app", "--yes", "--purge");
    expect(await json("list")).toEqual([]);
    expect(await engine.api.listServices()).toEqual([]);
    await expect.poll(() => engineContents(engine.api), { timeout: 20_000 }).toEqual(before);
  }, 180_000);
});
