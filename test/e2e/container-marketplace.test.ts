import { cp } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { BuiltServer } from "../helpers/built-plugctl.ts";
import { busyboxImage } from "../helpers/busybox-image.ts";
import { describeWith } from "../helpers/debian-programs.ts";
import { useDockerEngine } from "../helpers/docker-engine.ts";
import { engineContents } from "../helpers/engine-contents.ts";
import { plugctlOver } from "../helpers/plugctl-over.ts";
import { writeFiles } from "../helpers/plugin-folder.ts";
import {
  expectedEntries,
  MARKETPLACE,
  MARKETPLACE_ABSENT,
  readEntry,
} from "../helpers/thinger-marketplace.ts";

/** Says what it was started with, and listens where its page would be. */
const program = (port: number) =>
  `echo "arguments: $*"; httpd -f -p ${port} -h /www & trap 'exit 0' TERM; wait $!`;

/** Real entries that differ in what they ask for; each with files to copy where it has a \`copy\`, which the fixtures leave out. */
const ENTRIES: Readonly<Record<string, { image: string; port: number; files?: Record<string, string> }>> = {
  prometheus: {
    image: "prom/prometheus:v2.46.0",
    port: 9090,
    files: { "config/prometheus.yml": "scrape: []\n" },
  },
  grafana: {
    image: "grafana/grafana:11.3.0",
    port: 3000,
    files: { "datasources/influx.yaml": "apiVersion: 1\n" },
  },
  "node-red": {
    image: "thinger/node-red-plugin:1.9.2-1",
    port: 1880,
    files: { "config/settings.js": "module\n" },
  },
  "jupyter-r": { image: "jupyter/r-notebook:r-4.2.3", port: 8888, files: { "config/config.py": "c\n" } },
  sftpgo: { image: "drakkan/sftpgo:v2.5.4", port: 8080 },
};

const title = `five entries of the real marketplace with stand-in images${
  MARKETPLACE_ABSENT === false ? "" : ` (skipped: ${MARKETPLACE_ABSENT})`
}`;

describeWith(["docker.io", "busybox-static"], title, () => {
  const engine = useDockerEngine();
  const plugctl = plugctlOver(engine);
  const { run, must, json } = plugctl;

  beforeAll(async () => {
    if (MARKETPLACE_ABSENT !== false) return;
    const market = join(plugctl.folder, "market");
    for (const [name, { image, port, files = {} }] of Object.entries(ENTRIES)) {
      await cp(join(MARKETPLACE, name), join(market, name), { recursive: true });
      await writeFiles(join(market, name), files);
      const entrypoint = `ENTRYPOINT ${JSON.stringify(["/bin/sh", "-c", program(port), "main"])}`;
      await busyboxImage(engine.api, image, { changes: [entrypoint, "CMD []"] });
    }
    const options = ["--user", "ada", "--public-host", "iot.example.com", "--catalogue", "./market"];
    await must("target", "add", "shop", "--kind", "container", "--url", engine.url, ...options);
    await must("target", "use", "shop");
  });

  const inside = (name: string, script: string) => must("shell", name, "--", "sh", "-c", script);

  /** @returns the warnings. */
  async function install(name: string): Promise<string[]> {
    const { image, state, warnings } = await json("install", `market:${name}`);
    expect({ image, state }).toEqual({ image: ENTRIES[name]?.image, state: "running" });
    return warnings;
  }

  it.skipIf(MARKETPLACE_ABSENT)(
    "prometheus: root, arguments from templates, files copied into a storage of the user's",
    async () => {
      await install("prometheus");
      expect(await must("logs", "prometheus")).toContain(
        "arguments: --web.external-url=https://iot.example.com/users/ada/plugins/prometheus/ " +
          "--web.route-prefix=/ --config.file=/settings/prometheus.yml",
      );
      expect(await inside("prometheus", "id -u; cat /settings/prometheus.yml")).toBe("0\nscrape: []\n");
    },
  );

  it.skipIf(MARKETPLACE_ABSENT)(
    "grafana: variables in its other spelling of templates, two volumes, and a word that it is deprecated",
    async () => {
      const warnings = await install("grafana");
      expect(warnings.join("\n")).toMatch(/deprecated/);
      expect(
        await inside(
          "grafana",
          "id -u; echo $GF_SERVER_ROOT_URL $GF_SECURITY_ADMIN_USER; " +
            "cat /etc/grafana/provisioning/datasources/influx.yaml; stat -c %u:%g /var/lib/grafana",
        ),
      ).toBe("1000\nhttps://iot.example.com/users/ada/plugins/grafana/ ada\napiVersion: 1\n1000:1000\n");
    },
  );

  it.skipIf(MARKETPLACE_ABSENT)(
    "node-red: an image without a tag, volumes as an object, a token that an engine cannot issue",
    async () => {
      const warnings = await install("node-red");
      expect(warnings.join("\n")).toMatch(/token/i);
      expect(
        await inside(
          "node-red",
          "id -u; cat /data/settings.js; touch /data/mine; echo $THINGER_PLUGIN_VERSION",
        ),
      ).toBe("1000\nmodule\n1.9.2-1\n");
    },
  );

  it.skipIf(MARKETPLACE_ABSENT)(
    "jupyter-r: a limit of memory, and the user's storages beside volumes of its own",
    async () => {
      await install("jupyter-r");
      expect(await json("set", "jupyter-r")).toMatchObject({ memoryBytes: 4_026_531_840 });
      expect(await inside("jupyter-r", "cat /home/jovyan/.jupyter/config.py; ls /home/jovyan")).toBe(
        "c\nstorages\nwork\n",
      );
      // Prometheus' folder of the same storages.
      expect(await inside("jupyter-r", "touch /home/jovyan/work/mine; ls /home/jovyan/storages")).toBe("");
    },
  );

  it.skipIf(MARKETPLACE_ABSENT)(
    "sftpgo: certificates, proxies and a host name that an engine does not have are said, not dropped",
    async () => {
      const warnings = (await install("sftpgo")).join("\n");
      expect(warnings).toMatch(/certificates/);
      expect(
        await inside("sftpgo", "echo $SFTPGO_HTTPD__WEB_ROOT $SFTPGO_FTPD__PASSIVE_PORT_RANGE__END"),
      ).toBe("/users/ada/plugins/sftpgo/ 2122\n");
    },
  );

  it.skipIf(MARKETPLACE_ABSENT)("all are listed, described, equal to their source, and go", async () => {
    const names = Object.keys(ENTRIES).sort();
    expect((await json("list")).map(({ name }: { name: string }) => name)).toEqual(names);
    const { plugins } = await json("export", "--all");
    expect(plugins.map(({ source }: { source: string }) => source.split("@")[0])).toEqual(
      names.map((name) => `market:${name}`),
    );
    for (const name of names) expect((await run("diff", name, "--exit-code")).exitCode).toBe(0);
    await must("remove", ...names, "--purge", "--yes");
    // The storages are the user's, not a plugin's.
    const { volumes, ...rest } = await engineContents(engine.api);
    expect(rest).toEqual({ containers: [], networks: [] });
    expect(volumes.filter((volume) => !volume.includes("storages"))).toEqual([]);
  });

  it.skipIf(MARKETPLACE_ABSENT)("a product is refused by an engine, with the way to go", async () => {
    const market = ["--catalogue", MARKETPLACE, "--overwrite"];
    await must("target", "add", "whole", "--kind", "container", "--url", engine.url, ...market);
    const { exitCode, stderr } = await run("install", "whole:shelly-em");
    expect([exitCode, stderr]).toEqual([6, expect.stringMatching(/no container[\s\S]*plugctl serve/)]);
    expect((await engineContents(engine.api)).containers).toEqual([]);
  });

  it.skipIf(MARKETPLACE_ABSENT)(
    "all 103 products are installed on a server as what they are: listed, compared, described, removed",
    async () => {
      const products = expectedEntries().filter(({ kind }) => kind === "product");
      expect(products).toHaveLength(103);
      const args = ["--docker", engine.url, "--marketplace", MARKETPLACE];
      await using server = await BuiltServer.start({ args });
      const on = ["-t", "local-container"];
      const names = products.map(({ name }) => name).sort();
      await server.run("install", ...names.map((name) => `market:${name}`), ...on);
      const listed = JSON.parse(await server.run("list", ...on, "-o", "json"));
      expect(listed.map(({ name }: { name: string }) => name).sort()).toEqual(names);
      expect(new Set(listed.map(({ state }: { state: string }) => state))).toEqual(new Set(["installed"]));
      expect(await server.run("diff", "local-container:shelly-em", "--exit-code")).toBe("");
      const document = JSON.parse(await server.run("export", "--all", ...on, "-o", "json"));
      for (const { name, dir } of products) {
        const described = document.plugins.find((plugin: { name: string }) => plugin.name === name);
        expect(described).toMatchObject({ source: expect.stringMatching(`^market:${name}@`) });
        expect(described.manifest).toEqual(readEntry(dir).file);
      }
      await server.run("remove", ...names, ...on, "--purge", "--yes");
      expect(await server.run("list", ...on, "-q")).toBe("");
      expect((await engineContents(engine.api)).containers).toEqual([]);
    },
    180_000,
  );
});
