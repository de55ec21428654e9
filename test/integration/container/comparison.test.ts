import { beforeAll, expect, it } from "vitest";
import type { Comparison } from "../../../src/core/comparison.ts";
import type { InstallSource } from "../../../src/core/installation.ts";
import { parseSource } from "../../../src/core/source.ts";
import { busyboxImage, pushImage } from "../../helpers/busybox-image.ts";
import { openTarget } from "../../helpers/container-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { writeFiles } from "../../helpers/plugin-folder.ts";
import { useRegistry } from "../../helpers/registry.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const quiet = () => undefined;

describeWith(
  ["docker.io", "docker-registry", "busybox-static"],
  "what is installed beside what its source offers",
  () => {
    const engine = useDockerEngine();
    const registry = useRegistry();

    const publish = async (tag: string, content: string) => {
      await busyboxImage(engine.api, `${registry.host}/app:${tag}`, { files: { content } });
      await pushImage(engine.api, `${registry.host}/app:${tag}`);
    };
    beforeAll(() => Promise.all([publish("1", "first"), publish("2", "second")]));

    const changesOf = async (comparison: Comparison, name: string) =>
      Object.fromEntries(
        (await comparison.diff(name)).changes.map(({ path, change, from, to }) => [path, [change, from, to]]),
      );

    it("differs by version, image, variables, volumes and the settings of the user's own", async () => {
      const market = await makeTempDir();
      const entry = (version: string, tag: string, task: object) => ({
        ...{ name: "app", version, metadata: { name: "App", category: "others" } },
        task: { type: "docker", image: `${registry.host}/app:${tag}`, user: "0:0", ...task },
      });
      const env = { MODE: "plain", API_TOKEN: "first-secret" };
      await writeFiles(market, { "app/plugin.json": entry("1.0.0", "1", { env }) });
      const target = openTarget({ url: engine.url, container: { catalogues: [market] } });
      await target.on("installation").install(
        {
          source: { type: "market", name: "app" },
          ...{ name: undefined, build: false, start: true, dryRun: false },
          settings: { env: { EXTRA: "mine", SECRET_KEY: "x" }, memoryBytes: 64 << 20 },
        },
        quiet,
      );
      const own = {
        "settings.env.EXTRA": ["removed", "mine", null],
        "settings.env.SECRET_KEY": ["removed", "••••••", null],
        "settings.memoryBytes": ["removed", 64 << 20, null],
      };
      expect(await changesOf(target.on("comparison"), "app")).toEqual(own);

      const next = { env: { ...env, MODE: "fancy", API_TOKEN: "second-secret", MORE: "1" } };
      const volumes = [{ source: "data", target: "/data", description: "data" }];
      await writeFiles(market, { "app/plugin.json": entry("1.1.0", "2", { ...next, volumes }) });
      const found = await changesOf(target.on("comparison"), "app");
      expect(found).toMatchObject({
        ...own,
        version: ["changed", "1.0.0", "1.1.0"],
        image: ["changed", `${registry.host}/app:1`, `${registry.host}/app:2`],
        imageDigest: ["changed", expect.stringMatching(/^sha256:/), expect.stringMatching(/^sha256:/)],
        "env.MODE": ["changed", "plain", "fancy"],
        "env.MORE": ["added", null, "1"],
        "volumes./data": ["added", null, "plugin:data"],
      });
      expect(JSON.stringify(found)).not.toMatch(/first-secret|second-secret/);
      await target.on("installation").update({ name: "app", dryRun: false }, quiet);
      expect(await changesOf(target.on("comparison"), "app")).toEqual(own);
      await expect(target.on("comparison").diff("missing")).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    it("is described without secrets, so that another target can install the same", async () => {
      const target = openTarget({ url: engine.url });
      const [described] = await target.on("portability").export(["app"]);
      expect(described).toMatchObject({
        ...{ name: "app", version: "1.1.0", source: "market:app@1.1.0" },
        ...{ image: `${registry.host}/app:2`, digest: expect.stringMatching(/^sha256:/) },
        settings: { env: { EXTRA: "mine" }, memoryBytes: 64 << 20 },
        secrets: ["SECRET_KEY"],
      });
      await target.on("removal").remove({ name: "app", purge: true, dryRun: false });

      await target.install(`${registry.host}/app:1`, { name: "page", settings: { env: { A: "1" } } });
      const [page] = await target.on("portability").export(undefined);
      await target.on("removal").remove({ name: "page", purge: true, dryRun: false });
      const source: InstallSource = parseSource(page?.source ?? "", {
        ...{ targets: [], cwd: "/", isPluginFolder: () => false },
      }).source;
      const settings = page?.settings as object;
      await target
        .on("installation")
        .install({ source, name: "page", settings, build: false, start: false, dryRun: false }, quiet);
      expect(await target.on("portability").export(undefined)).toEqual([page]);
      expect(await changesOf(target.on("comparison"), "page")).toEqual({
        "settings.env.A": ["removed", "1", null],
      });
      await publish("1", "rebuilt");
      expect(await changesOf(target.on("comparison"), "page")).toMatchObject({
        imageDigest: ["changed", page?.digest, expect.stringMatching(/^sha256:/)],
      });
      await target.on("removal").remove({ name: "page", purge: true, dryRun: false });
    });
  },
);
