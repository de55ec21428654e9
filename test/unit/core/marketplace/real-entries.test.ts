import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { toContainerPlan } from "../../../../src/core/marketplace/container-plan.ts";
import type { Entry } from "../../../../src/core/marketplace/entry.ts";
import type { ContainerPlan } from "../../../../src/core/marketplace/plan.ts";
import {
  type Expected,
  expectedEntries,
  MARKETPLACE,
  MARKETPLACE_ABSENT,
  PLAN_CONTEXT,
  planOf,
  readEntry,
} from "../../../helpers/thinger-marketplace.ts";

const expected = MARKETPLACE_ABSENT === false ? expectedEntries() : [];

/** The source in the entry's words: what the location was made from. */
const SOURCES = {
  plugin: "",
  storages: "../../../storages",
  certificates: "../../../../../../thinger/certificates",
};

const trimmed = (path: string) => path.replace(/(?<=.)\/$/, "");

/** What our plan of an entry says, in the form of the expected results. */
function summaryOf(entry: Entry): Expected {
  const plan = planOf(entry);
  const summary: Expected = {
    dir: entry.directory ?? "",
    name: entry.name,
    version: entry.version,
    category: entry.category,
    display_name: entry.title,
    kind: entry.kind,
    ...(entry.vendor === null ? {} : { vendor: entry.vendor }),
    ...(plan.deprecated === null ? {} : { deprecated: true }),
  };
  if (entry.kind === "product") summary.products = plan.resources.products.map(({ id }) => id);
  return entry.kind === "container"
    ? { ...summary, ...containerSummary(entry, plan as ContainerPlan) }
    : summary;
}

function containerSummary(entry: Entry, plan: ContainerPlan): Partial<Expected> {
  const page = plan.interface;
  const platform = new Set(Object.keys((planOf({ ...entry, file: withoutEnv(entry) }) as ContainerPlan).env));
  return {
    image: entry.file.task?.image ?? "",
    image_resolved: plan.image.reference,
    volumes: plan.volumes.map(({ source, target }) => [
      trimmed([SOURCES[source.root], source.path].filter(Boolean).join("/")),
      target,
    ]),
    interface: page?.type === "file" ? "file" : "proxy",
    ...(plan.endpoint === null ? {} : { port: plan.endpoint.port }),
    ...(page?.type === "plugin" ? { rewrite_base_path: page.rewriteBasePath } : {}),
    ...(page?.type === "file" ? { file: page.file } : {}),
    env_names: Object.keys(plan.env)
      .filter((name) => !platform.has(name))
      .sort(),
    token_env: plan.secrets,
    ...(plan.user === "1000:1000" ? {} : { user: plan.user }),
    ...(plan.memoryBytes === null ? {} : { memory: plan.memoryBytes }),
  };
}

function withoutEnv(entry: Entry): Entry["file"] {
  const { task } = entry.file;
  return task === undefined ? entry.file : { ...entry.file, task: { ...task, env: {} } };
}

/** Volumes are mounted in another order than they are written in, and without a slash at the end. */
function normal(entry: Expected): Expected {
  const { volumes, ...rest } = entry;
  if (volumes === undefined) return entry;
  const normalised = volumes.map(([source, target]): [string, string] => [trimmed(source), trimmed(target)]);
  return { ...rest, volumes: normalised.sort((one, other) => (one[1] < other[1] ? -1 : 1)) };
}

describe.skipIf(MARKETPLACE_ABSENT)("the entries of the real marketplace", () => {
  it("are 19 containers, 103 products and one of resources only", () => {
    const kinds = expected.map(({ dir }) => readEntry(dir).kind);
    expect(kinds.filter((kind) => kind === "container")).toHaveLength(19);
    expect(kinds.filter((kind) => kind === "product")).toHaveLength(103);
    expect(kinds.filter((kind) => kind === "resources")).toHaveLength(1);
  });

  it.each(expected.map((one) => [one.dir, one] as const))(
    "%s comes to what is expected of it",
    (dir, one) => {
      expect(normal(summaryOf(readEntry(dir)))).toEqual(normal(one));
    },
  );

  it("have no member that nobody knows", () => {
    expect(expected.flatMap(({ dir }) => readEntry(dir).unknown)).toEqual([]);
  });

  it("keep every member of their files", () => {
    for (const { dir } of expected) {
      const json = JSON.parse(readFileSync(join(MARKETPLACE, dir, "plugin.json"), "utf8"));
      expect(readEntry(dir).file).toEqual(json);
    }
  });

  it("leave nothing unexpanded but the token of a database that the platform may not have", () => {
    const containers = expected.map(({ dir }) => readEntry(dir)).filter(({ kind }) => kind === "container");
    const left = containers.flatMap((entry) => {
      const { env, cmd, resources } = planOf(entry) as ContainerPlan;
      const text = JSON.stringify([env, cmd, resources.proxies]);
      return text.match(/\{\{[^}]*\}\}|\$\{[^}]*\}/g) ?? [];
    });
    expect(left).toEqual(["{{THINGER_INFLUXDB_TOKEN}}"]);
  });

  it("expand both spellings of templates in the same file", () => {
    const plan = toContainerPlan(readEntry("grafana"), {
      ...PLAN_CONTEXT,
      platformEnv: { THINGER_INFLUXDB_TOKEN: "influx" },
    });
    expect(plan.env).toMatchObject({
      GF_SERVER_ROOT_URL: "https://iot.example.com/users/ada/plugins/grafana/",
      THINGER_INFLUXDB_TOKEN: "influx",
    });
    expect(plan.secrets).toEqual(["THINGER_INFLUXDB_TOKEN"]);
    expect(plan.warnings.filter((warning) => !warning.includes("deprecated"))).toEqual([]);
  });

  it("say what cannot be honoured or looks wrong", () => {
    const warnings = expected.flatMap(({ dir }) => planOf(readEntry(dir)).warnings);
    expect(warnings).toEqual([
      "tokens.chirpstack_plugin_callback opens the plugin ttn, not chirpstack",
      expect.stringMatching(/^grafana is deprecated: This plugin requires InfluxDB/),
      "task.env.THINGER_INFLUXDB_TOKEN: nothing is known for THINGER_INFLUXDB_TOKEN, it is left as it is written",
      expect.stringMatching(/^influxdb2 is deprecated: /),
      expect.stringContaining("THINGER_TOKEN_LORIOT_CALLBACK"),
      expect.stringMatching(/^databases\.mongodb: /),
      expect.stringMatching(/^ttn-stack is deprecated: .*; use ttn instead$/),
    ]);
  });

  it("map certificates read-only, and storages and own folders writable", () => {
    const plan = planOf(readEntry("sftpgo")) as ContainerPlan;
    expect(plan.volumes.map(({ source, target, readOnly }) => [source, target, readOnly])).toEqual([
      [{ root: "certificates", path: "" }, "/certificates", true],
      [{ root: "storages", path: "" }, "/srv/sftpgo", false],
      [{ root: "plugin", path: "data" }, "/var/lib/sftpgo", false],
    ]);
    expect(plan.extraHosts).toEqual([]);
  });

  it("open the host's ports that their proxies name", () => {
    const { resources } = planOf(readEntry("sftpgo"));
    expect(resources.proxies.map(({ source, target }) => [source.port, target])).toEqual(
      [2022, 2121, 2122].map((port) => [
        port,
        { type: "plugin", plugin: "sftpgo", user: "ada", port, secure: false },
      ]),
    );
    const influx = planOf(readEntry("influxdb2"));
    expect(influx.interface).toEqual({ type: "host", port: 8087, rewriteBasePath: true });
    expect(influx.resources.proxies).toEqual([
      expect.objectContaining({
        source: { port: 8087, secure: true },
        target: { type: "address", address: "localhost", port: 8086, secure: false },
      }),
    ]);
  });

  it("are planned for the name they are installed under", () => {
    const plan = toContainerPlan(readEntry("prometheus"), {
      ...PLAN_CONTEXT,
      plugin: "metrics",
      tokens: { prometheus_plugin_callback: "s3cret" },
    });
    expect(plan.plugin).toBe("metrics");
    expect(plan.interface).toEqual({ type: "plugin", plugin: "metrics", port: 9090, rewriteBasePath: true });
    expect(plan.tokens[0]?.allow).toEqual({ Plugin: { metrics: ["CallPluginEndpoint"] } });
    expect(plan.cmd?.[0]).toBe("--web.external-url=https://iot.example.com/users/ada/plugins/metrics/");
    expect(plan.env.THINGER_TOKEN_PROMETHEUS_PLUGIN_CALLBACK).toBe("s3cret");
    expect(plan.copies).toEqual([
      {
        from: "config",
        to: { root: "storages", path: "prometheus_settings" },
        owner: { uid: 1000, gid: 1000 },
      },
    ]);
  });
});
