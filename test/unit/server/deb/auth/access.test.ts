import { describe, expect, test } from "vitest";
import { aclsOf, aclWord, neededFor } from "../../../../../src/server/deb/auth/access.ts";
import { Tenants } from "../../../../../src/server/deb/auth/tenants.ts";

describe("an access in wazo's words", () => {
  test.each([
    ["plugind.plugins.read", { permission: "read" }],
    ["plugind.plugins.create", { permission: "deploy" }],
    ["plugind.plugins.official.admin-ui.read", { permission: "read", plugin: "official/admin-ui" }],
    ["plugind.plugins.official.admin-ui.delete", { permission: "deploy", plugin: "official/admin-ui" }],
    ["plugind.market.read", { permission: "read" }],
    ["plugind.status.read", { permission: "read" }],
    ["plugind.config.read", { permission: "admin" }],
    ["confd.users.create", { permission: "admin" }],
    ["plugind.plugins.a.b.c.delete", { permission: "admin" }],
  ])("%s needs a permission of this server", (acl, needed) => {
    expect(neededFor(acl)).toEqual(needed);
  });

  test("names the plugin in one word, whatever is in its name", () => {
    expect(neededFor(`plugind.plugins.${aclWord("a.b")}.c.delete`)).toEqual({
      permission: "deploy",
      plugin: "a_b/c",
    });
  });

  test("is shown for what a token may do", () => {
    expect(aclsOf(["read", "admin"])).toEqual(["#"]);
    expect(aclsOf(["read"])).not.toContain("plugind.plugins.create");
    expect(aclsOf(["deploy"])).toEqual(["plugind.plugins.create", "plugind.plugins.*.*.delete"]);
  });
});

describe("tenants", () => {
  const master = "7d2a6cb1-9be0-4bd2-a4a6-70f1b1e2c7d4";
  const tenants = new Tenants(master);
  const acme = tenants.of({ provider: "acme" });

  test("each provider is one of its own, the same each time", () => {
    expect(tenants.of({ provider: null })).toBe(master);
    expect(acme).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(tenants.of({ provider: "acme" })).toBe(acme);
    expect(tenants.of({ provider: "other" })).not.toBe(acme);
  });

  test("only the master tenant reaches others", () => {
    expect(tenants.reaches(master, undefined, [])).toBe(true);
    expect(tenants.reaches(master, acme, ["acme"])).toBe(true);
    expect(tenants.reaches(master, crypto.randomUUID(), ["acme"])).toBe(false);
    expect(tenants.reaches(acme, acme, [])).toBe(true);
    expect(tenants.reaches(acme, master, ["acme"])).toBe(false);
  });
});
