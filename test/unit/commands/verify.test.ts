import { expect, it, vi } from "vitest";
import { notFoundError } from "../../../src/core/errors.ts";
import type { Plugin } from "../../../src/core/plugin.ts";
import { cliOver } from "../../helpers/fake-adapters.ts";

vi.mock("../../../src/adapters/index.ts", () => import("../../helpers/fake-adapters.ts"));

const plugin = (name: string): Plugin => ({
  ...{ name, version: "1", state: "installed", nativeState: "", description: null, updatedAt: null },
});

const verifying = () =>
  cliOver({
    listing: { list: async () => [plugin("acme/a"), plugin("acme/b")] },
    verification: {
      async verify(name) {
        if (name === "acme/none") throw notFoundError("acme/none is not installed");
        const problems = name === "acme/b" ? [{ path: "/opt/b", problem: "changed" }] : [];
        return { name, version: "1", ok: problems.length === 0, problems };
      },
    },
  });

it("verifies everything on every target when nothing is named, and ends with 9 when something differs", async () => {
  const cli = await verifying();
  const { code, stdout } = await cli("verify -o json");
  expect(code).toBe(9);
  expect(JSON.parse(stdout)).toMatchObject([
    { target: "edge", name: "acme/a", ok: true, problems: [], error: null },
    { target: "edge", name: "acme/b", ok: false, problems: [{ path: "/opt/b", problem: "changed" }] },
    { target: "lab", name: "acme/a" },
    { target: "lab", name: "acme/b" },
  ]);
  expect((await cli("verify -t lab")).stdout).toBe(
    "lab\tacme/a\t1\tyes\t\nlab\tacme/b\t1\tno\tchanged: /opt/b\n",
  );
});

it("verifies what is named; what is not there fails alone", async () => {
  const cli = await verifying();
  expect((await cli("verify edge:acme/a")).code).toBe(0);
  expect((await cli("verify edge:acme/none")).code).toBe(3);
  const both = await cli("verify edge:acme/a edge:acme/none -o json");
  expect(both.code).toBe(8);
  expect(JSON.parse(both.stdout)).toMatchObject([{ ok: true }, { ok: null, error: { code: "NOT_FOUND" } }]);
});

it("history shows changes newest first, and names operations that logs takes", async () => {
  const entry = { actor: "ada", version: "2", previousVersion: "1", error: null, state: "succeeded" };
  const cli = await cliOver({
    history: {
      history: async () => [
        { id: "2", action: "install", at: "2026-01-02T00:00:00.000Z", ...entry },
        { id: "1", action: "install", at: "2026-01-01T00:00:00.000Z", ...entry, error: "it broke" },
      ],
    },
  });
  expect((await cli("history acme/a -o name")).stdout).toBe("edge:2\nedge:1\n");
  expect(JSON.parse((await cli("history acme/a -o json")).stdout)).toMatchObject([
    { target: "edge", name: "acme/a", id: "2", actor: "ada", error: null },
    { id: "1", error: "it broke" },
  ]);
});
