import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { conflictError } from "../../../src/core/errors.ts";
import type { InstallationChange } from "../../../src/core/installation.ts";
import type { ProgressListener } from "../../../src/core/progress.ts";
import { cliOver } from "../../helpers/fake-adapters.ts";

vi.mock("../../../src/adapters/index.ts", () => import("../../helpers/fake-adapters.ts"));

const change = (name: string): InstallationChange => ({
  ...{ name, version: "2", previousVersion: "1", state: "installed", changed: true, warnings: [], plan: [] },
});

/** Installs on the targets `edge` and `lab`, of which the one that is asked second fails. */
async function installing() {
  const asked: string[] = [];
  let active = 0;
  let most = 0;
  const step = async (progress: ProgressListener) => {
    active += 1;
    most = Math.max(most, active);
    progress({ phase: "building", message: "building it" });
    await sleep(10);
    active -= 1;
  };
  const cli = await cliOver({
    installation: {
      async install({ source }, progress) {
        asked.push(JSON.stringify(source));
        const second = asked.length === 2;
        await step(progress);
        if (second) throw conflictError("it is there already");
        return change("acme/x");
      },
      async rollback({ name }, progress) {
        await step(progress);
        return change(name);
      },
      async update({ name }, progress) {
        await step(progress);
        return change(name);
      },
    },
    removal: {
      async remove({ name, dependents }, progress) {
        progress?.({ phase: "removing", message: "removing it" });
        return [{ name, version: "1", state: dependents ? "removed with others" : "removed" }];
      },
      describe: () => "takes it out",
    },
  });
  return { cli, asked, most: () => most };
}

it("a source is installed on each target that --target names, side by side; 8 says that one failed", async () => {
  const { cli, most } = await installing();
  const { code, stdout, stderr } = await cli("install market:acme/x -t edge,lab -o json");
  expect([code, most()]).toEqual([8, 2]);
  const rows = JSON.parse(stdout) as Record<string, unknown>[];
  expect(rows.map(({ target }) => target)).toEqual(["edge", "lab"]);
  expect(rows.filter(({ error }) => error !== null)).toMatchObject([{ error: { code: "CONFLICT" } }]);
  for (const target of ["edge", "lab"]) expect(stderr).toContain(`"subject":"${target}:market:acme/x"`);
});

it("--parallel 1 takes one target after the other, and lines of progress name theirs", async () => {
  const { cli, most } = await installing();
  const { code, stdout, stderr } = await cli("rollback acme/x -t edge,lab --parallel 1 -o name");
  expect([code, stdout, most()]).toEqual([0, "edge:acme/x\nlab:acme/x\n", 1]);
  const lines = await cli("update acme/x -t lab,edge");
  expect(lines.stderr).toBe("lab:acme/x: building it\nedge:acme/x: building it\n");
  expect(stderr).toContain("edge:acme/x: building it");
});

it("a target in the reference wins, and nothing of the progress names it", async () => {
  const { cli, asked } = await installing();
  const { code, stderr } = await cli("install lab:./plugin -t edge,lab");
  expect([code, asked.length, stderr]).toEqual([0, 1, "building it\n"]);
});

it("remove --dependents is asked for once a plugin", async () => {
  const { cli } = await installing();
  const { code, stdout } = await cli("remove acme/x -t edge,lab --dependents --yes -o json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject([
    { target: "edge", state: "removed with others" },
    { target: "lab", state: "removed with others" },
  ]);
});

it.each(["0", "65", "x"])("--parallel %s is a usage error", async (value) => {
  const { cli } = await installing();
  expect((await cli(`update acme/x --parallel ${value}`)).code).toBe(2);
});
