import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runBuilt } from "../helpers/built-plugctl.ts";
import { busyboxImage, pushImage } from "../helpers/busybox-image.ts";
import { describeWith } from "../helpers/debian-programs.ts";
import { useDockerEngine } from "../helpers/docker-engine.ts";
import { engineContents } from "../helpers/engine-contents.ts";
import { withPart } from "../helpers/generated-part.ts";
import { lifecycleTable } from "../helpers/lifecycle-table.ts";
import { usePodmanEngine } from "../helpers/podman-engine.ts";
import { useRegistry } from "../helpers/registry.ts";

const PAGE = resolve(import.meta.dirname, "../../docs/container-lifecycle.md");
const MAKER = "scripts/lifecycle-table.mjs";

for (const { product, useEngine } of [
  { product: "Docker", useEngine: useDockerEngine },
  { product: "Podman", useEngine: usePodmanEngine },
]) {
  describeWith(
    ["docker.io", "podman", "docker-registry", "busybox-static"],
    `the lifecycle on ${product}`,
    () => {
      // Makes the images: Podman's socket imports none with a command that has a state of its own.
      const maker = useDockerEngine();
      const engine = useEngine();
      const registry = useRegistry();
      let folder: string;
      let env: NodeJS.ProcessEnv;

      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
        env = { PATH: process.env.PATH, HOME: folder, PLUGCTL_CONFIG_DIR: join(folder, "config") };
        await plugctl("target", "add", "edge", "--kind", "container", "--url", engine.url);
        await publish("service:1", { program: "service", changes: ["VOLUME /data"] });
        await publish("failing:1", { changes: ['CMD ["/bin/false"]'] });
      });
      afterAll(() => rm(folder, { recursive: true, force: true }));

      const run = (...args: string[]) => runBuilt(args, { env, cwd: folder });
      async function plugctl(...args: string[]): Promise<string> {
        const { exitCode, stdout, stderr } = await run(...args);
        if (exitCode !== 0) throw new Error(`plugctl ${args.join(" ")} ended with ${exitCode}: ${stderr}`);
        return stdout;
      }
      async function publish(name: string, image: Parameters<typeof busyboxImage>[2]) {
        await busyboxImage(maker.api, `${registry.host}/${name}`, image);
        await pushImage(maker.api, `${registry.host}/${name}`);
      }
      const json = async (...args: string[]) => JSON.parse(await plugctl(...args, "-o", "json"));

      it("goes from the registry to the removal and leaves nothing", async () => {
        await run("remove", "app", "--yes", "--purge");
        const before = await engineContents(engine.api);
        // A second try is to find nothing of the first one's.
        const app = `app:${Date.now()}`;
        const release = () => plugctl("shell", "app", "--", "cat", "/release");
        await publish(app, { program: "ticker", files: { release: "first" }, changes: ["VOLUME /data"] });
        const installed = await json(
          "install",
          `image:${registry.host}/${app}`,
          "--name",
          "app",
          "-e",
          "COLOUR=red",
        );
        expect(installed).toMatchObject({
          name: "app",
          state: "running",
          imageDigest: expect.stringMatching(/^sha256:/),
        });
        expect(await json("list")).toMatchObject([{ target: "edge", name: "app", state: "running" }]);
        expect(await release()).toBe("first");
        expect(await plugctl("logs", "app", "--tail", "2")).toMatch(/tick \d+\n.*tick \d+\n/);
        await plugctl("shell", "app", "--", "sh", "-c", "echo kept > /data/note");
        await plugctl("set", "app", "COLOUR=blue", "--memory", "64m");
        expect(await plugctl("shell", "app", "--", "sh", "-c", "echo $COLOUR; cat /data/note")).toBe(
          "blue\nkept\n",
        );
        await plugctl("backup", "app", "app.backup");
        await publish(app, {
          program: "ticker",
          files: { release: "second" },
          changes: ["VOLUME /data"],
        });
        // Podman's socket has no call that asks a registry: there only the update itself finds out.
        const differs = product === "Docker";
        const paths = (await json("diff", "app")).map(({ path }: { path: string }) => path);
        expect(paths).toEqual([
          ...(differs ? ["imageDigest"] : []),
          "settings.env.COLOUR",
          "settings.memoryBytes",
        ]);
        expect((await run("outdated", "--exit-code")).exitCode).toBe(differs ? 10 : 0);
        await plugctl("update", "app");
        expect(await release()).toBe("second");
        await plugctl("rollback", "app");
        expect(await release()).toBe("first");
        expect(await json("stats", "app")).toMatchObject([{ name: "app", memoryBytes: expect.any(Number) }]);
        expect(await plugctl("top", "app")).toContain("sh");
        await plugctl("remove", "app", "--yes", "--purge");
        await plugctl("restore", "app.backup");
        await plugctl("start", "app");
        expect(await plugctl("shell", "app", "--", "cat", "/data/note")).toBe("kept\n");
        await plugctl("remove", "app", "--yes", "--purge");
        expect(await engineContents(engine.api)).toEqual(before);
      }, 120_000);

      it("is what its page says", async () => {
        const text = await lifecycleTable({
          plugctl: run,
          service: `${registry.host}/service:1`,
          failing: product === "Docker" ? `${registry.host}/failing:1` : null,
        });
        const page = await readFile(PAGE, "utf8");
        const made = withPart(page, { name: product, maker: MAKER, text });
        if (process.env.WRITE_PAGES !== undefined) await writeFile(PAGE, made);
        else expect(page, `run: node ${MAKER}`).toBe(made);
      }, 300_000);
    },
  );
}
