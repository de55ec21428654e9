import { expect, it } from "vitest";
import { parseGrant } from "../../../src/commands/user/grants.ts";
import { formatGrant } from "../../../src/commands/user/row.ts";

it("reads a role, server-wide or in a provider, as it is printed", () => {
  expect(parseGrant("admin")).toEqual({ role: "admin" });
  expect(parseGrant("provider-owner@acme")).toEqual({ role: "provider-owner", provider: "acme" });
  for (const text of ["admin", "provider-owner@acme"]) expect(formatGrant(parseGrant(text))).toBe(text);
  expect(formatGrant({ role: "admin", provider: null })).toBe("admin");
});

it.each(["", "@", "@acme", "admin@", "a@b@c"])("refuses %j", (text) => {
  expect(() => parseGrant(text)).toThrow("is not a role");
});
