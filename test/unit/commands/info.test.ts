import { expect, it, vi } from "vitest";
import type { PluginDetail } from "../../../src/core/plugin.ts";
import { cliOver } from "../../helpers/fake-adapters.ts";

vi.mock("../../../src/adapters/index.ts", () => import("../../helpers/fake-adapters.ts"));

const detail: PluginDetail = {
  kind: "container",
  name: "a",
  version: "1",
  state: "running",
  nativeState: "running",
  description: null,
  updatedAt: null,
  readme: "# Title\n\nSome **bold** words\u001b[2J\n",
  changelog: "",
};

const cli = () => cliOver({ inspection: { info: async () => detail } });

it("lays the README out to be read on a terminal, below the fields", async () => {
  const { stdout } = await (await cli())("info edge:a", { tty: true, env: { NO_COLOR: "1" } });
  expect(stdout).toMatch(/^target: +edge\n[\s\S]*\n\nREADME\n\n[\s\S]*Some bold words/);
  expect(stdout).not.toContain("Changelog");
  expect(stdout).not.toContain("\u001b");
});

it("gives it to a pipe as it was written, and to scripts as a field", async () => {
  const run = await cli();
  const { stdout } = await run("info edge:a");
  expect(stdout).toMatch(/\n\n# Title\n\nSome \*\*bold\*\* words\[2J\n$/);
  expect(JSON.parse((await run("info edge:a -o json")).stdout).readme).toBe(detail.readme);
});
