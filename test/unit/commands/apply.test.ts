import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { PlugctlError } from "../../../src/core/errors.ts";
import type { InstallRequest } from "../../../src/core/installation.ts";
import type { ExportedPlugin } from "../../../src/core/portability.ts";
import { cliOver } from "../../helpers/fake-adapters.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

vi.mock("../../../src/adapters/index.ts", () => import("../../helpers/fake-adapters.ts"));

const plugin = (name: string, more: Partial<ExportedPlugin> = {}): ExportedPlugin => ({
  ...{ name, version: "1", source: `market:${name}@1`, digest: `sha256:${name}@1` },
  ...more,
});

interface World {
  /** What is installed, by name; the same on both targets. */
  installed?: ExportedPlugin[];
  /** What the sources have come to give. */
  actual?: Record<string, string>;
  /** Plugins that need others: removing one of those takes them out as well. */
  needs?: Record<string, string>;
  describes?: boolean;
}

async function world({ installed = [], actual = {}, needs = {}, describes = true }: World = {}) {
  const there = new Map(installed.map((one) => [one.name, one]));
  const done: string[] = [];
  const requests: InstallRequest[] = [];
  const cli = await cliOver({
    listing: {
      list: async () =>
        [...there.values()].map(({ name, version }) => ({
          ...{ name, version, state: "installed", nativeState: "", description: null, updatedAt: null },
        })),
    },
    portability: {
      async export(names) {
        if (!describes) throw new PlugctlError("UNSUPPORTED", "it cannot say where plugins came from");
        return [...there.values()].filter(({ name }) => names === undefined || names.includes(name));
      },
    },
    installation: {
      async install(request) {
        requests.push(request);
        const { name, version = "1" } = request.source as { name: string; version?: string };
        done.push(`install ${name}@${version}`);
        const digest = actual[name] ?? `sha256:${name}@${version}`;
        const previousVersion = there.get(name)?.version ?? null;
        there.set(name, plugin(name, { version, digest, source: `market:${name}@${version}` }));
        return { name, version, previousVersion, state: "installed", changed: true, warnings: [], plan: [] };
      },
      async rollback({ name }) {
        done.push(`rollback ${name}`);
        return { name, version: "0", previousVersion: "1", state: "", changed: true, warnings: [], plan: [] };
      },
    },
    removal: {
      async remove({ name, dryRun }) {
        const found = [name, ...Object.keys(needs).filter((other) => needs[other] === name)];
        if (!there.has(name)) throw new PlugctlError("NOT_FOUND", "gone");
        if (!dryRun) {
          for (const one of found) there.delete(one);
          done.push(`remove ${found.join(",")}`);
        }
        return found.map((one) => ({ name: one, version: "1", state: "removed" }));
      },
      describe: () => "",
    },
  });
  const cwd = await makeTempDir();
  const write = (plugins: object[], more: object = {}) =>
    writeFile(join(cwd, "p.yaml"), JSON.stringify({ version: 1, kind: "container", plugins, ...more }));
  const run = (line: string, stdin?: string) => cli(line, { cwd, ...(stdin === undefined ? {} : { stdin }) });
  return { run, write, done, requests, there };
}

describe("plan", () => {
  it("says what differs and why, and ends with 10 only when it was asked to", async () => {
    const { run, write } = await world({
      installed: [
        plugin("same"),
        plugin("old", { version: "0" }),
        plugin("other", { digest: "sha256:x" }),
        plugin("more"),
      ],
    });
    await write(["same", "old", "other", "new"].map((name) => plugin(name)));
    const { code, stdout } = await run("plan p.yaml -t edge -o json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { name: "old", action: "change", previousVersion: "0", version: "1", reason: "has another version" },
      { name: "other", action: "change", reason: "has other content" },
      { name: "new", action: "install", previousVersion: null, reason: "is not installed" },
    ]);
    const pruned = await run("plan p.yaml -t edge --prune --exit-code -o json");
    expect(pruned.code).toBe(10);
    expect(JSON.parse(pruned.stdout)).toContainEqual(
      expect.objectContaining({ name: "more", action: "remove", version: null }),
    );
  });

  it("goes by versions where a target cannot say more", async () => {
    const { run, write } = await world({
      describes: false,
      installed: [plugin("a"), plugin("b", { version: "2" })],
    });
    await write([plugin("a"), plugin("b")]);
    const { stdout } = await run("plan p.yaml -t edge -o name");
    expect(stdout).toBe("edge:b\n");
  });

  it("reads stdin", async () => {
    const { run } = await world();
    const text = `version: 1\nkind: container\nplugins:\n  - {name: a, version: "1", source: "market:a", digest: null}\n`;
    expect((await run("plan - -t edge -o name", text)).stdout).toBe("edge:a\n");
  });

  it.each([
    ["plan missing.yaml", "cannot read missing.yaml"],
    ["plan p.yaml", "p.yaml: plugins.0.source"],
  ])("%s is refused: %s", async (line, words) => {
    const { run, write } = await world();
    await write([{ name: "a", version: "1" }]);
    const { code, stderr } = await run(`${line} -t edge`);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });

  it.each([
    [{ kind: "deb" }, [], "the document is of a target of kind deb"],
    [{}, [plugin("a"), plugin("a")], "p.yaml: a is in it twice"],
    [{}, [plugin("a", { source: "git:--x" })], "p.yaml: source of a"],
    [{}, [plugin("a", { settings: { cpu: 1 } })], "p.yaml: plugins.0.settings"],
  ])("refuses a document that does not fit (%j)", async (more, plugins, words) => {
    const { run, write } = await world();
    await write(plugins, more);
    const { code, stderr } = await run("plan p.yaml -t edge");
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});

describe("apply", () => {
  it("installs and changes in the order of the document, with its settings, and then there is nothing to do", async () => {
    const { run, write, done, requests } = await world({ installed: [plugin("b", { version: "0" })] });
    await write([plugin("c", { settings: { env: { A: "1" } } }), plugin("b", { settings: { cpus: 1 } })]);
    const { code, stdout } = await run("apply p.yaml -t edge -o json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { target: "edge", name: "c", action: "install", version: "1", error: null },
      { name: "b", action: "change", previousVersion: "0" },
    ]);
    expect(done).toEqual(["install c@1", "install b@1"]);
    expect(requests).toMatchObject([
      { replace: false, settings: { env: { A: "1" } } },
      { replace: true, settings: {} },
    ]);
    expect((await run("apply p.yaml -t edge")).stdout).toBe("");
    expect(done).toHaveLength(2);
  });

  it("--dry-run changes nothing", async () => {
    const { run, write, done } = await world();
    await write([plugin("a")]);
    expect((await run("apply p.yaml -t edge --dry-run -o name")).stdout).toBe("edge:a\n");
    expect(done).toEqual([]);
  });

  it.each([
    ["was there before is rolled back", [plugin("a", { version: "0" })], ["install a@1", "rollback a"]],
    ["is new is removed", [], ["install a@1", "remove a"]],
  ])("of a digest that does not hold ends with 9; what %s", async (_, installed, expected) => {
    const { run, write, done } = await world({ installed, actual: { a: "sha256:forged" } });
    await write([plugin("a"), plugin("b")]);
    const { code, stdout } = await run("apply p.yaml -t edge -o json");
    expect(code).toBe(9);
    expect(JSON.parse(stdout)).toMatchObject([{ name: "a", error: { code: "VERIFICATION" } }, { name: "b" }]);
    expect(done.slice(0, -1)).toEqual(expected);
  });

  it("warns where a target has nothing to compare a digest with", async () => {
    const { run, write } = await world({ describes: false });
    await write([plugin("a")]);
    const { code, stderr } = await run("apply p.yaml -t edge");
    expect([code, stderr]).toEqual([0, expect.stringContaining("cannot be told here")]);
  });

  it("--prune asks first, removes what needs each other together, and never what the document has", async () => {
    const installed = ["keep", "base", "child"].map((name) => plugin(name));
    const declined = await world({ installed, needs: { child: "base" } });
    await declined.write([plugin("keep")]);
    expect((await declined.run("apply p.yaml -t edge --prune --no-input")).code).not.toBe(0);
    expect(declined.done).toEqual([]);
    const { code } = await declined.run("apply p.yaml -t edge --prune --yes");
    expect([code, declined.done, [...declined.there.keys()]]).toEqual([0, ["remove base,child"], ["keep"]]);

    const needed = await world({ installed, needs: { keep: "base" } });
    await needed.write([plugin("keep"), plugin("child")]);
    const refused = await needed.run("apply p.yaml -t edge --prune --yes");
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining("base is needed by keep")]);
    expect(needed.done).toEqual([]);
  });
});
