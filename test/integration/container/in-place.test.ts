import type Docker from "dockerode";
import { beforeAll, expect, it } from "vitest";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { openTarget } from "../../helpers/container-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { usePodmanEngine } from "../../helpers/podman-engine.ts";

const quiet = () => undefined;
const MIB = 2 ** 20;

describeWith(["docker.io", "busybox-static"], "limits on Docker", () => {
  changesLimits(useDockerEngine(), { inPlace: true });
});

describeWith(["podman", "busybox-static"], "limits on Podman", () => {
  changesLimits(usePodmanEngine(), { inPlace: false });
});

function changesLimits(engine: { url: string; api: Docker }, { inPlace }: { inPlace: boolean }): void {
  beforeAll(() => busyboxImage(engine.api, "localhost/service:1"));

  it(`are changed ${inPlace ? "while the program runs" : "by making the container anew"}, and stay`, async () => {
    const target = openTarget({ url: engine.url });
    const { get, set } = target.on("settings");
    const idNow = async () => (await target.on("inspection").info({ name: "box" })).containerId;
    await target.install("localhost/service:1", { name: "box", settings: { memoryBytes: 64 * MIB } });
    const first = await idNow();
    const change = { memoryBytes: 96 * MIB, cpus: 0.5, restart: "always" as const };
    expect(await set({ name: "box", change, dryRun: false }, quiet)).toMatchObject({
      changed: true,
      state: "running",
      plan: expect.arrayContaining([`limit memory to ${96 * MIB} bytes`]),
    });
    expect((await idNow()) === first).toBe(inPlace);
    expect(await get("box")).toMatchObject(change);
    expect(await set({ name: "box", change, dryRun: false }, quiet)).toMatchObject({ changed: false });
    await set({ name: "box", change: { env: { A: "b" }, pids: 60 }, dryRun: false }, quiet);
    expect(await idNow()).not.toBe(first);
    expect(await get("box")).toMatchObject({ ...change, env: { A: "b" }, pids: 60 });
    await target.on("removal").remove({ name: "box", purge: true, dryRun: false });
  });

  it("refuse what only a swarm has", async () => {
    const target = openTarget({ url: engine.url });
    const settings = { placement: ["node.role==worker"] };
    await expect(target.install("localhost/service:1", { name: "box", settings })).rejects.toMatchObject({
      code: "UNSUPPORTED",
      hint: expect.stringContaining("--swarm"),
    });
    expect(await target.on("listing").list()).toEqual([]);
  });
}
