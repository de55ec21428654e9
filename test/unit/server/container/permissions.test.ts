import { expect, test } from "vitest";
import { grantsAllow } from "../../../../src/server/container/permissions.ts";

test("a token's grants name a plugin or all, and actions exactly, by a prefix, or all", () => {
  const exact = { Plugin: { ttn: ["CallPluginEndpoint"] } };
  expect(grantsAllow(exact, "CallPluginEndpoint", "ttn")).toBe(true);
  expect(grantsAllow(exact, "CallPluginEndpoint", "other")).toBe(false);
  expect(grantsAllow(exact, "ReadPluginInfo", "ttn")).toBe(false);
  expect(grantsAllow(exact, "ListPlugins", undefined)).toBe(false);
  expect(grantsAllow({ Plugin: { "*": ["Read*"] } }, "ReadPluginProperty", "any")).toBe(true);
  expect(grantsAllow({ Plugin: { "*": ["Read*"] } }, "UpdatePluginProperty", "any")).toBe(false);
  expect(grantsAllow({ Plugin: { "*": "*" } }, "ListPlugins", undefined)).toBe(true);
  expect(grantsAllow({ "*": { "*": ["List*"] } }, "ListPlugins", undefined)).toBe(true);
});

test("grants for other kinds of things give nothing here", () => {
  for (const type of ["Device", "Bucket", "User", "plugin", "__proto__"]) {
    expect(grantsAllow({ [type]: { "*": "*" } }, "ReadPluginInfo", "ttn")).toBe(false);
  }
});
