import { posix } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { containerPath, relativePath, resolveSource } from "../../../../src/core/marketplace/location.ts";

/** A real layout, with names that the resolution knows nothing of. */
const REAL = {
  plugin: "/srv/thinger/users/ada/plugins/grafana/data",
  storages: "/srv/thinger/users/ada/storages",
  certificates: "/srv/thinger/certificates",
};

const step = fc.constantFrom(
  "..",
  ".",
  "",
  "storages",
  "thinger",
  "certificates",
  "users",
  "plugins",
  "data",
  "x",
);
const source = fc.array(step, { minLength: 1, maxLength: 14 }).map((steps) => steps.join("/"));

describe("resolveSource", () => {
  it("never leads out of the three folders, and where it leads is where a join of the paths would", () => {
    fc.assert(
      fc.property(source, (text) => {
        let location: ReturnType<typeof resolveSource>;
        try {
          location = resolveSource(text);
        } catch (error) {
          expect(error).toMatchObject({ code: "INVALID" });
          return;
        }
        const host = posix.join(REAL[location.root], location.path);
        expect(host === REAL[location.root] || host.startsWith(`${REAL[location.root]}/`)).toBe(true);
        expect(location.path.split("/")).not.toContain("..");
        expect(host).toBe(posix.join(REAL.plugin, text).replace(/\/$/, ""));
      }),
      { numRuns: 5_000 },
    );
  });

  it("gives an error of its own for any text that it refuses", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        try {
          expect(resolveSource(text).path).not.toMatch(/(^|\/)\.\.(\/|$)|[:\\\0]/);
        } catch (error) {
          expect(error).toMatchObject({ code: "INVALID" });
        }
      }),
    );
  });

  it.each([
    ["data", { root: "plugin", path: "data" }],
    ["./a/../b/", { root: "plugin", path: "b" }],
    ["../../../storages", { root: "storages", path: "" }],
    ["../../../storages/prometheus_settings", { root: "storages", path: "prometheus_settings" }],
    ["../../../../../../thinger/certificates/", { root: "certificates", path: "" }],
  ])("resolves %s", (text, location) => {
    expect(resolveSource(text)).toEqual(location);
  });

  it.each([
    "",
    "/etc",
    "..",
    "../other",
    "../../other-plugin/data",
    "../../../../bob/storages",
    "../../../storages-of-others",
    "../../../storages/../../bob",
    "../../../../../..",
    "../../../../../../thinger/users",
    "data:/etc:rw",
    "..\\..\\x",
    "a\0b",
  ])("refuses %j", (text) => {
    expect(() => resolveSource(text)).toThrowError(/is refused/);
  });
});

describe("containerPath", () => {
  it.each([
    ["/data", "/data"],
    ["/data/", "/data"],
    ["//a/./b/../c/", "/a/c"],
  ])("makes one spelling of %s", (text, path) => {
    expect(containerPath(text)).toBe(path);
  });

  it.each(["", "data", "/", "//", "/a:ro", "/..", "/a\n"])("refuses %j", (text) => {
    expect(() => containerPath(text)).toThrowError(/is not an absolute path/);
  });
});

describe("relativePath", () => {
  it("never climbs out of its folder", () => {
    fc.assert(
      fc.property(fc.oneof(source, fc.string()), (text) => {
        const path = relativePath(text);
        if (path === null) return;
        expect(posix.join("/root", path).startsWith("/root/")).toBe(true);
        expect(posix.normalize(path)).toBe(path);
      }),
    );
  });

  it.each(["", ".", "..", "../x", "a/../../x", "/etc", "a/..", "c:x", "a\\b"])("refuses %j", (text) => {
    expect(relativePath(text)).toBeNull();
  });
});
