import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PERMISSIONS } from "../../../../src/core/permissions.ts";
import {
  effectiveGrants,
  type Grant,
  matchesGlob,
  type Rights,
  resourcesCover,
  rightsAllow,
  rightsCover,
} from "../../../../src/server/identity/rights.ts";

const permission = fc.constantFrom(...PERMISSIONS);
const provider = fc.constantFrom("acme", "beta", "local");
const plugin = fc.constantFrom("orders", "orders-ui", "@acme/maps", "billing");
const grant = fc.record({ permission, provider: fc.option(provider) });
const resource = fc.oneof(
  fc.constant("*"),
  provider.map((id) => `provider:${id}`),
  fc.constantFrom("plugin:orders", "plugin:orders*", "plugin:@acme/*", "plugin:*"),
);
const limits = fc.record({
  scopes: fc.uniqueArray(permission),
  resources: fc.array(resource, { maxLength: 3 }),
});
const rights: fc.Arbitrary<Rights> = fc.record({
  grants: fc.array(grant, { maxLength: 6 }),
  limits: fc.option(limits),
});
const scope = fc.record({ provider, plugin }, { requiredKeys: [] });

describe("matchesGlob", () => {
  it("agrees with the regular expression of the same meaning", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "*", "/"), maxLength: 8 });
    fc.assert(
      fc.property(text, text, (glob, value) => {
        const pattern = glob.split("*").map((part) => part.replaceAll("/", "\\/"));
        expect(matchesGlob(glob, value)).toBe(new RegExp(`^${pattern.join(".*")}$`, "s").test(value));
      }),
      { numRuns: 2000 },
    );
  });

  it("takes linear time on a pattern that makes backtracking matchers hang", () => {
    expect(matchesGlob(`${"a*".repeat(50)}b`, "a".repeat(50_000))).toBe(false);
  });
});

describe("rightsAllow", () => {
  it("gives a role of one provider nothing elsewhere, except reading", () => {
    const rights: Rights = {
      grants: [
        { permission: "publish", provider: "acme" },
        { permission: "read", provider: "acme" },
      ],
      limits: null,
    };
    expect(rightsAllow(rights, "publish", { provider: "acme", plugin: "orders" })).toBe(true);
    expect(rightsAllow(rights, "publish", { provider: "beta" })).toBe(false);
    expect(rightsAllow(rights, "publish")).toBe(false);
    expect(rightsAllow(rights, "read")).toBe(true);
    expect(rightsAllow(rights, "read", { provider: "beta" })).toBe(true);
  });

  it("narrows to a token's scopes and resources", () => {
    const grants: Grant[] = PERMISSIONS.map((name) => ({ permission: name, provider: null }));
    const ci: Rights = { grants, limits: { scopes: ["read", "publish"], resources: ["plugin:orders*"] } };
    expect(rightsAllow(ci, "publish", { provider: "acme", plugin: "orders-ui" })).toBe(true);
    expect(rightsAllow(ci, "publish", { provider: "acme", plugin: "billing" })).toBe(false);
    expect(rightsAllow(ci, "publish", { provider: "acme" })).toBe(false);
    expect(rightsAllow(ci, "release", { provider: "acme", plugin: "orders" })).toBe(false);
    expect(rightsAllow(ci, "read")).toBe(true);
    expect(rightsAllow({ grants, limits: { scopes: ["publish"], resources: [] } }, "publish")).toBe(false);
  });

  it("never lets a token do what its user may not", () => {
    fc.assert(
      fc.property(rights, permission, scope, ({ grants, limits }, wanted, where) => {
        if (rightsAllow({ grants, limits }, wanted, where)) {
          expect(rightsAllow({ grants, limits: null }, wanted, where)).toBe(true);
          expect(limits?.scopes.includes(wanted) ?? true).toBe(true);
        }
      }),
    );
  });
});

describe("handing rights out", () => {
  it("never makes a token that may do what its maker may not", () => {
    fc.assert(
      fc.property(rights, limits, permission, scope, (maker, wanted, asked, where) => {
        const within =
          (maker.limits === null || wanted.scopes.every((name) => maker.limits?.scopes.includes(name))) &&
          resourcesCover(maker.limits?.resources ?? ["*"], wanted.resources);
        fc.pre(within);
        if (rightsAllow({ grants: maker.grants, limits: wanted }, asked, where)) {
          expect(rightsAllow(maker, asked, where)).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("covers what somebody else's token could do only when the maker could do all of it", () => {
    fc.assert(
      fc.property(
        rights,
        fc.array(grant, { maxLength: 5 }),
        limits,
        permission,
        scope,
        (maker, grants, wanted, asked, where) => {
          fc.pre(resourcesCover(maker.limits?.resources ?? ["*"], wanted.resources));
          fc.pre(rightsCover(maker, effectiveGrants({ grants, limits: wanted })));
          if (rightsAllow({ grants, limits: wanted }, asked, where))
            expect(rightsAllow(maker, asked, where)).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("reads a star in a wanted glob as itself", () => {
    expect(resourcesCover(["plugin:orders*"], ["plugin:orders-ui", "plugin:orders-*"])).toBe(true);
    expect(resourcesCover(["plugin:orders?"], ["plugin:orders*"])).toBe(false);
    expect(resourcesCover(["plugin:orders"], ["plugin:*"])).toBe(false);
    expect(resourcesCover(["provider:acme"], ["plugin:orders"])).toBe(false);
    expect(resourcesCover([], [])).toBe(true);
  });
});
