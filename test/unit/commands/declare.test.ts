import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { load } from "js-yaml";
import { expect, it, vi } from "vitest";
import { type ExportedPlugin, exportDocumentSchema } from "../../../src/core/portability.ts";
import { cliOver } from "../../helpers/fake-adapters.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

vi.mock("../../../src/adapters/index.ts", () => import("../../helpers/fake-adapters.ts"));

const plugin = (name: string, more: object = {}): ExportedPlugin => ({
  ...{ name, version: "1.0.0", source: `market:${name}@1.0.0`, digest: null },
  ...more,
});

const exporting = (plugins: readonly ExportedPlugin[]) =>
  cliOver({
    portability: {
      export: async (names) => plugins.filter(({ name }) => names === undefined || names.includes(name)),
    },
  });

it("export writes one document of what was named, which the schema of such documents reads", async () => {
  const cli = await exporting([plugin("a"), plugin("b", { settings: { env: { A: "1" } } }), plugin("c")]);
  const named = await cli("export edge:a edge:b -o json");
  const document = {
    version: 1,
    kind: "container",
    plugins: [plugin("a"), expect.objectContaining(plugin("b"))],
  };
  expect([named.code, exportDocumentSchema.parse(JSON.parse(named.stdout))]).toEqual([0, document]);
  expect(exportDocumentSchema.parse(load((await cli("export edge:a edge:b")).stdout))).toEqual(document);
  expect((await cli("export --all -t lab -o name")).stdout).toBe("lab:a\nlab:b\nlab:c\n");
});

it("export writes a file whole, in the format of its name, that only its owner reads; it replaces none by itself", async () => {
  const cli = await exporting([plugin("a", { secrets: ["API_TOKEN"] })]);
  const file = join(await makeTempDir(), "plugins.json");
  const { code, stdout, stderr } = await cli(`export --all -t edge -f ${file}`);
  expect([code, stdout]).toEqual([0, expect.stringContaining("described 1 plugin of edge")]);
  expect(stderr).toContain("a: values of secrets are left out: API_TOKEN");
  expect(JSON.parse(await readFile(file, "utf8")).plugins).toHaveLength(1);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await cli(`export --all -t edge -f ${file}`)).code).toBe(5);
  expect((await cli(`export --all -t edge -f ${file} --overwrite`)).code).toBe(0);
});

it.each(["export", "export a --all", "export edge:a lab:b"])("%s is a usage error", async (line) => {
  const cli = await exporting([plugin("a")]);
  expect((await cli(line)).code).toBe(2);
});

it("diff shows what differs, and ends with 10 only when it was asked to", async () => {
  const change = { path: "image", change: "changed" as const, from: "x:1", to: "x:2" };
  const cli = await cliOver({
    comparison: {
      diff: async (name) => ({
        ...{ name, installedVersion: "1", offeredVersion: "1" },
        changes: name === "same" ? [] : [change],
      }),
    },
  });
  const rows = JSON.parse((await cli("diff edge:a -o json")).stdout);
  expect(rows).toEqual([{ target: "edge", kind: "container", name: "a", ...change }]);
  expect((await cli("diff edge:a")).stdout).toBe("image\tchanged\tx:1\tx:2\n");
  expect((await cli("diff edge:a")).code).toBe(0);
  expect((await cli("diff edge:a --exit-code")).code).toBe(10);
  const same = await cli("diff edge:same --exit-code");
  expect([same.code, same.stdout]).toEqual([0, ""]);
  expect(same.stderr).toContain("edge:same is what its source offers");
});
