import { expect, it, vi } from "vitest";
import { PlugctlError } from "../../../src/core/errors.ts";
import type { EventQuery } from "../../../src/core/observation.ts";
import { cliOver } from "../../helpers/fake-adapters.ts";

vi.mock("../../../src/adapters/index.ts", () => import("../../helpers/fake-adapters.ts"));

const event = (resource: string) => ({
  at: "2026-01-01T00:00:00.000Z",
  type: "plugin.start",
  resource,
  data: {},
});

async function telling() {
  const queries: EventQuery[] = [];
  const cli = await cliOver({
    events: {
      async *events(query) {
        queries.push(query);
        yield event("plugin:a");
        yield event("plugin:b@1.0.0");
        yield event("plugin:ab");
      },
    },
  });
  return { queries, cli };
}

it("asks every target, follows unless told not to, and takes times and numbers", async () => {
  const { queries, cli } = await telling();
  expect((await cli("events -o name")).stdout.split("\n").filter(Boolean)).toHaveLength(6);
  await cli("events -t edge --since 7 --no-follow");
  await cli("events -t edge --since 2026-01-01");
  expect(queries).toMatchObject([
    { follow: true, since: undefined },
    { follow: true, since: undefined },
    { follow: false, since: 7 },
    { follow: true, since: new Date("2026-01-01") },
  ]);
});

it("shows those of the plugins that are named", async () => {
  const { cli } = await telling();
  expect((await cli("events edge:a edge:b --no-follow -o name")).stdout).toBe("plugin:a\nplugin:b@1.0.0\n");
});

it("goes on with the others when a target is lost, and fails with the last one", async () => {
  let lost = 0;
  const cli = await cliOver({
    events: {
      // biome-ignore lint/correctness/useYield: it fails before there is anything to yield
      async *events() {
        lost += 1;
        throw new PlugctlError("UNAVAILABLE", `gone ${lost}`);
      },
    },
  });
  const { code, stderr } = await cli("events");
  expect([code, lost]).toEqual([7, 2]);
  expect(stderr).toMatch(/edge: gone 1[\s\S]*gone 2/);
});
