import { describe, expect, it } from "vitest";
import type { Permission } from "../../../../../src/core/permissions.ts";
import { rightsAllow, type TokenLimits } from "../../../../../src/server/identity/rights.ts";
import type { Operation, Resource } from "../../../../../src/server/kafka/broker/security.ts";
import {
  type Access,
  accessOfPlugin,
  accessOfUser,
} from "../../../../../src/server/kafka/security/access.ts";

const user = (permissions: Permission[], limits: TokenLimits | null = null): Access =>
  accessOfUser({
    principal: { userId: "1", login: "ann", tokenId: null },
    expiresAt: null,
    allows: (permission, scope) =>
      rightsAllow(
        { grants: permissions.map((one) => ({ permission: one, provider: null })), limits },
        permission,
        scope,
      ),
  });

const topic = (name: string): Resource => ({ type: "topic", name });
const group = (name: string): Resource => ({ type: "group", name });
const cluster: Resource = { type: "cluster", name: "kafka-cluster" };
const OPERATIONS: Operation[] = [
  "read",
  "write",
  "create",
  "delete",
  "alter",
  "describe",
  "describeConfigs",
  "alterConfigs",
];
const allowed = (access: Access, resource: Resource) =>
  OPERATIONS.filter((operation) => access(operation, resource));

describe("what a user may do on the broker", () => {
  it("is everything with admin", () => {
    const access = user(["admin"]);
    expect(allowed(access, topic("a"))).toEqual(OPERATIONS);
    expect(allowed(access, cluster)).toEqual(OPERATIONS);
  });

  it("is to see what there is with read, but no record", () => {
    const access = user(["read"]);
    for (const resource of [topic("a"), group("g"), cluster]) {
      expect(allowed(access, resource)).toEqual(["describe", "describeConfigs"]);
    }
  });

  it("is to work with topics and groups with deploy, but not to set up the broker", () => {
    const access = user(["deploy"]);
    expect(allowed(access, topic("a"))).toEqual(OPERATIONS);
    expect(allowed(access, group("g"))).toContain("read");
    expect(allowed(access, cluster)).toEqual(["create"]);
    expect(access("idempotentWrite", cluster)).toBe(true);
  });

  it("is nothing of that with other permissions", () => {
    const access = user(["publish", "stage", "release", "rules", "users", "audit"]);
    for (const resource of [topic("a"), group("g"), cluster]) expect(allowed(access, resource)).toEqual([]);
  });

  it("ends with a token for certain plugins at the topics and groups of these names", () => {
    const access = user(["deploy", "read"], { scopes: ["deploy"], resources: ["plugin:orders-*"] });
    expect(allowed(access, topic("orders-in"))).toEqual(OPERATIONS);
    expect(allowed(access, group("orders-billing"))).toContain("read");
    for (const resource of [topic("orders"), topic("invoices"), group("g"), cluster]) {
      expect(allowed(access, resource)).toEqual([]);
    }
  });
});

describe("what a plugin may do on the broker", () => {
  const access = accessOfPlugin({ plugin: "thermo", topic: "plugin_1" });

  it("is to read its own topic, in groups of its own", () => {
    for (const name of ["plugin_1", "plugin_1.dead-letters", "plugin_1-x", "plugin_1_x"]) {
      expect(allowed(access, topic(name))).toEqual(["read", "describe"]);
      expect(allowed(access, group(name))).toEqual(["read", "describe"]);
    }
  });

  it("is nothing with those of others, whose names may begin alike", () => {
    for (const name of ["plugin_10", "plugin_", "plugin", "Plugin_1", "x.plugin_1", ""]) {
      expect(allowed(access, topic(name))).toEqual([]);
      expect(allowed(access, group(name))).toEqual([]);
    }
    expect(allowed(access, cluster)).toEqual([]);
    expect(access("idempotentWrite", cluster)).toBe(false);
  });
});
