import { PassThrough } from "node:stream";
import { beforeAll, expect, it, onTestFinished } from "vitest";
import type { Connection } from "../../../src/adapters/adapter.ts";
import { createSwarmAdapter } from "../../../src/adapters/container/swarm-adapter.ts";
import { type Capabilities, type Capability, need } from "../../../src/core/capabilities.ts";
import type { SettingsChange } from "../../../src/core/settings.ts";
import { makeConnection } from "../../helpers/adapter-connection.ts";
import { busyboxImage, pushImage } from "../../helpers/busybox-image.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { execIn } from "../../helpers/exec.ts";
import { useRegistry } from "../../helpers/registry.ts";

const quiet = () => undefined;

describeWith(["docker.io", "docker-registry", "busybox-static"], "a swarm as a target", () => {
  const engine = useDockerEngine({ swarm: true });
  const registry = useRegistry();

  beforeAll(async () => {
    for (const version of ["1", "2"]) {
      const image = { program: "ticker" as const, files: { release: version } };
      await busyboxImage(engine.api, `${registry.host}/app:${version}`, image);
      await pushImage(engine.api, `${registry.host}/app:${version}`);
    }
    await busyboxImage(engine.api, `${registry.host}/app:broken`, { program: "failing" });
    await pushImage(engine.api, `${registry.host}/app:broken`);
  });

  function open(given: Partial<Connection> = {}) {
    const adapter = createSwarmAdapter(makeConnection({ url: engine.url, target: "edge", ...given }));
    onTestFinished(() => adapter.close());
    return <C extends Capability>(capability: C): Capabilities[C] => need(adapter, capability, []);
  }

  const install = (on: ReturnType<typeof open>, tag: string, name: string, settings: SettingsChange) =>
    on("installation").install(
      {
        source: { type: "image", reference: `${registry.host}/app:${tag}` },
        ...{ name, settings, build: false, start: true, dryRun: false },
      },
      quiet,
    );

  const release = async (on: ReturnType<typeof open>) => {
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    stdin.end();
    let text = "";
    stdout.on("data", (chunk) => {
      text += chunk;
    });
    const command = ["sh", "-c", "cat /release; echo $COLOUR; exit 3"];
    const session = { name: "app", command, tty: false, stdin, stdout, stderr: stdout };
    expect(await on("shell").shell(session)).toBe(3);
    return text;
  };

  it("runs three tasks, updates them one by one, goes back, and scales", async () => {
    const on = open();
    expect(await install(on, "1", "app", { replicas: 3, env: { COLOUR: "red" } })).toMatchObject({
      name: "app",
      state: "running",
      nativeState: "3/3",
      imageDigest: expect.stringMatching(/^sha256:/),
    });
    expect(await on("listing").list()).toMatchObject([
      { name: "app", version: "1", replicas: 3, state: "running" },
    ]);
    expect(await release(on)).toBe("1red\n");
    const updated = await on("installation").update({ name: "app", version: "2", dryRun: false }, quiet);
    expect(updated).toMatchObject({ version: "2", previousVersion: "1", nativeState: "3/3" });
    expect(await release(on)).toBe("2red\n");
    const back = await on("installation").rollback({ name: "app", dryRun: false }, quiet);
    expect(back).toMatchObject({ version: "1", previousVersion: "2", nativeState: "3/3" });
    expect(await release(on)).toBe("1red\n");
    const change = { replicas: 2, env: { COLOUR: "blue" } };
    expect(await on("settings").set({ name: "app", change, dryRun: false }, quiet)).toMatchObject({
      changed: true,
    });
    expect(await on("settings").get("app")).toMatchObject({ env: { COLOUR: "blue" }, replicas: 2 });
    expect(await release(on)).toBe("1blue\n");
    const { stop, start, pause } = on("lifecycle");
    expect(await stop("app", {})).toMatchObject({ state: "stopped", nativeState: "0/0", changed: true });
    expect(await stop("app", {})).toMatchObject({ changed: false });
    expect(await start("app")).toMatchObject({ state: "running", nativeState: "2/2", changed: true });
    await expect(pause("app")).rejects.toMatchObject({ code: "UNSUPPORTED" });
    const lines = [];
    for await (const line of on("logs").logs({ name: "app", follow: false, tail: 5 })) lines.push(line);
    expect(lines.length).toBeGreaterThanOrEqual(5);
    expect(lines[0]?.text).toMatch(/^tick \d+$/);
    expect((await on("inspection").info({ name: "app" })).tasks).toContainEqual(
      expect.objectContaining({ state: "running", slot: 1 }),
    );
    await on("removal").remove({ name: "app", purge: true, dryRun: false });
    expect(await on("listing").list()).toEqual([]);
    expect((await engine.api.listNetworks()).map(({ Name }) => Name)).not.toContain("plugctl");
  }, 120_000);

  it("keeps the version that works when the new one does not come up, and leaves nothing of one that never did", async () => {
    const on = open();
    await install(on, "1", "app", { replicas: 2 });
    await expect(
      on("installation").update({ name: "app", version: "broken", dryRun: false }, quiet),
    ).rejects.toMatchObject({
      code: "BACKEND",
      message: expect.stringContaining("went back to what was before"),
    });
    expect(await on("listing").list()).toMatchObject([{ name: "app", version: "1", nativeState: "2/2" }]);
    await on("removal").remove({ name: "app", purge: true, dryRun: false });
    await expect(install(on, "broken", "broken", {})).rejects.toMatchObject({ code: "BACKEND" });
    expect(await engine.api.listServices()).toEqual([]);
    expect((await engine.api.listNetworks()).map(({ Name }) => Name)).not.toContain("plugctl");
  }, 120_000);

  it("runs tasks on the nodes that fit, and elsewhere when told so", async () => {
    const on = open();
    await install(on, "1", "placed", { placement: ["node.role==manager"] });
    const constraints = async () =>
      (await engine.api.getService("plugctl-placed").inspect()).Spec.TaskTemplate.Placement?.Constraints;
    expect(await constraints()).toEqual(["node.role==manager"]);
    const [{ ID = "" } = {}] = await engine.api.listNodes();
    const change = { placement: [`node.id==${ID}`] };
    expect(await on("settings").set({ name: "placed", change, dryRun: false }, quiet)).toMatchObject({
      changed: true,
      state: "running",
      plan: [`run on nodes with node.id==${ID}`],
    });
    expect(await constraints()).toEqual([`node.id==${ID}`]);
    await on("removal").remove({ name: "placed", purge: true, dryRun: false });
  });

  it("keeps secrets in the swarm, and takes them away with the service", async () => {
    const on = open();
    const secrets = { password: Buffer.from("hunter2"), key: Buffer.from("k1") };
    await install(on, "1", "vault", { secrets });
    const read = () => execIn({ on }, "vault", "cd /run/secrets; for f in *; do echo $f: $(cat $f); done");
    expect(await read()).toBe("key: k1\npassword: hunter2\n");
    expect(JSON.stringify(await engine.api.getService("plugctl-vault").inspect())).not.toMatch(
      /hunter2|aHVudGVyMg/,
    );
    const change = { secrets: { key: Buffer.from("k2"), password: null } };
    await on("settings").set({ name: "vault", change, dryRun: false }, quiet);
    expect(await read()).toBe("key: k2\n");
    await on("installation").rollback({ name: "vault", dryRun: false }, quiet);
    expect(await read()).toBe("key: k1\npassword: hunter2\n");
    await on("removal").remove({ name: "vault", purge: true, dryRun: false });
    expect(await engine.api.listSecrets()).toEqual([]);
  });
});
