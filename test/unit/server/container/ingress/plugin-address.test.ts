import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type PluginAddress,
  publicCookie,
  publicLocation,
  publicPath,
} from "../../../../../src/server/container/ingress/plugin-address.ts";

const STRIPPED: PluginAddress = { prefix: "/p/demo", strip: true, origin: "https://example.com" };
const WHOLE: PluginAddress = { prefix: "/users/u/plugins/demo", strip: false, origin: "https://example.com" };
const OWN_HOST: PluginAddress = { prefix: "", strip: true, origin: "https://demo.example.com" };
const UPSTREAM = "http://10.0.0.2:3000";

const path = fc.array(fc.stringMatching(/^[a-zA-Z0-9._~%-]{0,8}$/)).map((parts) => `/${parts.join("/")}`);

describe("a Location of the plugin's", () => {
  test.each([
    ["/login", "/p/demo/login"],
    ["/login?next=/x#top", "/p/demo/login?next=/x#top"],
    ["/p/demo/login", "/p/demo/login"],
    ["/p/demonstration", "/p/demo/p/demonstration"],
    ["login", "login"],
    ["../up", "../up"],
    ["?page=2", "?page=2"],
    ["https://example.com/login", "/p/demo/login"],
    ["http://example.com/login", "/p/demo/login"],
    ["http://10.0.0.2:3000/login", "/p/demo/login"],
    ["//example.com/login", "/p/demo/login"],
    ["//elsewhere.org/x", "//elsewhere.org/x"],
    ["/\\elsewhere.org", "/\\elsewhere.org"],
    ["https://elsewhere.org/login", "https://elsewhere.org/login"],
    ["mailto:a@b.c", "mailto:a@b.c"],
    ["http://[broken", "http://[broken"],
  ])("%s becomes %s", (given, expected) => {
    expect(publicLocation(given, STRIPPED, UPSTREAM)).toBe(expected);
  });

  test("stays as it is where the plugin sees whole paths, or has a host name of its own", () => {
    expect(publicLocation("/users/u/plugins/demo/x", WHOLE, UPSTREAM)).toBe("/users/u/plugins/demo/x");
    expect(publicLocation("/x", OWN_HOST, UPSTREAM)).toBe("/x");
    expect(publicLocation("http://demo.example.com/x", OWN_HOST, UPSTREAM)).toBe("/x");
  });

  test("is below the prefix for every path, and no second time", () => {
    fc.assert(
      fc.property(path, (inner) => {
        const once = publicPath(inner, STRIPPED);
        expect(once.startsWith("/p/demo")).toBe(true);
        expect(publicPath(once, STRIPPED)).toBe(once);
      }),
    );
  });
});

describe("a cookie of the plugin's", () => {
  test.each([
    ["a=1", "a=1"],
    ["a=1; Path=/; Secure", "a=1; Path=/p/demo/; Secure"],
    ["a=1; path=/app; HttpOnly", "a=1; Path=/p/demo/app; HttpOnly"],
    ["a=1; Domain=example.com; Path=/", "a=1; Path=/p/demo/"],
    ["a=b=c; Max-Age=1", "a=b=c; Max-Age=1"],
  ])("%s becomes %s", (given, expected) => {
    expect(publicCookie(given, STRIPPED, "reserved")).toBe(expected);
  });

  test("is held below the prefix where the plugin sees whole paths", () => {
    expect(publicCookie("a=1; Path=/", WHOLE, "reserved")).toBe("a=1; Path=/users/u/plugins/demo/");
    expect(publicCookie("a=1; Path=/users/u/plugins/demo/x", WHOLE, "reserved")).toBe(
      "a=1; Path=/users/u/plugins/demo/x",
    );
  });

  test("cannot be the server's own", () => {
    expect(publicCookie("reserved=1; Path=/", STRIPPED, "reserved")).toBeUndefined();
    expect(publicCookie(" reserved =1", STRIPPED, "reserved")).toBeUndefined();
  });

  test("never has a path outside of the prefix, nor a domain", () => {
    fc.assert(
      fc.property(path, fc.constantFrom(STRIPPED, WHOLE), (inner, address) => {
        const cookie = publicCookie(`a=1; Domain=x; Path=${inner}`, address, "reserved") ?? "";
        expect(cookie).not.toMatch(/domain/i);
        expect(/Path=([^;]*)/.exec(cookie)?.[1]?.startsWith(`${address.prefix}`)).toBe(true);
      }),
    );
  });
});
