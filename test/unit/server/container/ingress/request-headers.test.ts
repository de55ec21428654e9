import { describe, expect, test } from "vitest";
import {
  connectionHeaders,
  isOwnCredential,
  withoutSession,
} from "../../../../../src/server/container/ingress/request-headers.ts";
import { readSessionCookie } from "../../../../../src/server/container/ingress/session-cookie.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const jwt = (claims: object) => `x.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.y`;

describe("a credential", () => {
  test.each([
    ["Bearer plc_abc", true],
    ["bearer  plc_abc", true],
    ["Basic plc_abc", true],
    [`Basic ${base64("admin:plc_abc")}`, true],
    [`Bearer ${jwt({ iss: "plugctl" })}`, true],
    [`Bearer ${jwt({ iss: "the plugin" })}`, false],
    ["Bearer a.b.c", false],
    ["Bearer opaque", false],
    [`Basic ${base64("user:password")}`, false],
    ["Digest username=x", false],
    ["", false],
  ])("%s is the server's own: %s", (authorization, expected) => {
    expect(isOwnCredential(authorization)).toBe(expected);
  });
});

describe("cookies", () => {
  test("lose the session and keep the rest", () => {
    expect(withoutSession("a=1; plugctl_session=x; b=2")).toBe("a=1; b=2");
    expect(withoutSession("plugctl_session=x")).toBeUndefined();
    expect(withoutSession("xplugctl_session=1")).toBe("xplugctl_session=1");
  });

  test("tell the session", () => {
    expect(readSessionCookie("a=1; plugctl_session=x")).toBe("x");
    expect(readSessionCookie("not_plugctl_session=x")).toBeUndefined();
    expect(readSessionCookie(undefined)).toBeUndefined();
  });
});

test("headers that Connection names are of the connection", () => {
  expect(connectionHeaders("close, X-Hop").has("x-hop")).toBe(true);
  expect(connectionHeaders(undefined).has("upgrade")).toBe(true);
  expect(connectionHeaders("keep-alive").has("authorization")).toBe(false);
});
