import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Problem } from "../../../../../src/server/http/problem.ts";
import { findEntry } from "../../../../../src/server/store/manifest/entry.ts";
import {
  isChannel,
  isPluginId,
  isVersion,
  ownChannel,
} from "../../../../../src/server/store/manifest/identifiers.ts";
import { type Manifest, parseManifest } from "../../../../../src/server/store/manifest/manifest.ts";

const parse = (manifest: object) =>
  parseManifest(JSON.stringify({ name: "orders", version: "1.0.0", ...manifest }));

function faults(manifest: object): { code: string; paths: string[] } {
  try {
    parse(manifest);
  } catch (error) {
    const { code, errors } = error as Problem;
    return { code, paths: errors.map((item) => item.path) };
  }
  throw new Error("the manifest was accepted");
}

describe("a package.json", () => {
  test("gives what the store shows, in one spelling", () => {
    const { manifest, warnings } = parse({
      author: { name: "Ann", email: "ann@example.test" },
      repository: { type: "git", url: "https://example.test/orders.git" },
      scripts: { build: "vite build" },
      plugctl: { displayName: "Orders", category: "user", sections: [{ id: "s", name: "Sales" }] },
    });
    expect(manifest).toEqual({
      name: "orders",
      version: "1.0.0",
      author: "Ann",
      repository: "https://example.test/orders.git",
      plugctl: {
        displayName: "Orders",
        category: ["user"],
        sections: [{ id: "s", name: "Sales", description: "", icon: "" }],
      },
    });
    expect(warnings).toEqual([]);
  });

  test.each([
    ["a name with capitals", { name: "Orders" }, "bad_name", "name"],
    ["no name", { name: undefined }, "bad_name", "name"],
    ["a name that is too long", { name: "a".repeat(215) }, "bad_name", "name"],
    ["a version with v", { version: "v1.0.0" }, "bad_version", "version"],
    ["a version with a build part", { version: "1.0.0+5" }, "bad_version", "version"],
    ["half a version", { version: "1.0" }, "bad_version", "version"],
    ["a wrong provider", { plugctl: { provider: "Acme!" } }, "bad_manifest", "plugctl.provider"],
    [
      "a section without a name",
      { plugctl: { sections: [{ id: "a" }] } },
      "bad_manifest",
      "plugctl.sections[0].name",
    ],
    [
      "a host version that is no range",
      { plugctl: { hostVersion: "soon" } },
      "bad_manifest",
      "plugctl.hostVersion",
    ],
    ["a config that is no object", { plugctl: { config: [] } }, "bad_manifest", "plugctl.config"],
    ["a huge config", { plugctl: { config: { a: "x".repeat(70_000) } } }, "bad_manifest", "plugctl.config"],
    ["keywords that are no list", { keywords: "a" }, "bad_manifest", "keywords"],
  ])("with %s is refused", (_what, manifest, code, path) => {
    expect(faults(manifest)).toEqual({ code, paths: [path] });
  });

  test("has all its faults named at once", () => {
    expect(faults({ description: 5, plugctl: { entry: 1, displayName: [] } }).paths).toEqual([
      "description",
      "plugctl.entry",
      "plugctl.displayName",
    ]);
  });

  test("that is not JSON is refused", () => {
    expect(() => parseManifest("{")).toThrow(expect.objectContaining({ status: 422, code: "bad_manifest" }));
  });

  test("with a slip in a key of plugctl is accepted with a warning; the command line's own keys are no slip", () => {
    const { warnings } = parse({ plugctl: { entyr: "index.js", target: "local-store" } });
    expect(warnings).toEqual(["package.json: plugctl.entyr is not a known key"]);
  });

  test("of any content never fails in an unknown way", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          parseManifest(JSON.stringify(value));
        } catch (error) {
          expect((error as Problem).status).toBe(422);
        }
      }),
    );
  });
});

describe("identifiers", () => {
  test.each(["orders", "@acme/maps", "a.b-c_d", "~x"])("%s is a plugin id", (id) =>
    expect(isPluginId(id)).toBe(true),
  );
  test.each(["", ".x", "_x", "a/b", "@a", "@/a", "a b", "ü", "@acme/maps/x"])("%j is none", (id) =>
    expect(isPluginId(id)).toBe(false),
  );
  test.each(["1", "x", "1.x", "v1", "Beta", "", "-a", "a".repeat(64)])("%j is no channel", (name) =>
    expect(isChannel(name)).toBe(false),
  );
  test.each(["latest", "beta", "release-2"])("%s is a channel", (name) => expect(isChannel(name)).toBe(true));
  test.each(["1.0.0", "0.0.1-beta.2", "10.20.30-0"])("%s is a version", (version) =>
    expect(isVersion(version)).toBe(true),
  );
  test.each(["1.0.0 ", "01.0.0", "1.0.0-", "latest", "1.0.0-01"])("%j is no version", (version) =>
    expect(isVersion(version)).toBe(false),
  );
  test.each([
    ["1.0.0", "latest"],
    ["1.5.0-beta.2", "beta"],
    ["1.5.0-0", "next"],
    ["1.5.0-RC.1", "next"],
    ["1.5.0-latest.1", "next"],
    ["1.5.0-x.1", "next"],
  ])("%s belongs to the channel %s", (version, channel) => expect(ownChannel(version)).toBe(channel));
});

describe("the entry", () => {
  const entry = (manifest: Partial<Manifest>, ...paths: string[]) =>
    findEntry({ name: "a", version: "1.0.0", plugctl: {}, ...manifest }, new Set(paths));

  test("is plugctl.entry before anything else", () => {
    expect(entry({ plugctl: { entry: "./b.js" }, module: "a.js" }, "a.js", "b.js")).toBe("b.js");
    expect(() => entry({ plugctl: { entry: "b.js" }, module: "a.js" }, "a.js")).toThrow(
      expect.objectContaining({ status: 422, code: "entry_not_found" }),
    );
  });

  test.each<[string, Partial<Manifest>, string]>([
    ["a text", { exports: "./e.js" }, "e.js"],
    ["conditions", { exports: { types: "./e.d.ts", import: "./e.js", default: "./d.js" } }, "e.js"],
    [
      "a subpath with conditions",
      { exports: { ".": { import: { types: "./e.d.ts", default: "./e.js" } } } },
      "e.js",
    ],
    ["only a default", { exports: { ".": { require: "./c.cjs", default: "./d.js" } } }, "d.js"],
  ])("comes from exports: %s", (_what, manifest, path) => {
    expect(entry({ module: "m.js", ...manifest }, "e.js", "d.js", "m.js", "c.cjs")).toBe(path);
  });

  test("is module, then main as bundlers look it up, then index.js, dist/index.js, the only script", () => {
    expect(entry({ module: "dist/m.js", main: "m.cjs" }, "dist/m.js", "m.cjs")).toBe("dist/m.js");
    expect(entry({ main: "lib" }, "dist/lib/index.js", "index.js")).toBe("dist/lib/index.js");
    expect(entry({}, "index.js", "dist/index.js")).toBe("index.js");
    expect(entry({}, "dist/index.js", "dist/other.js")).toBe("dist/index.js");
    expect(entry({}, "only.js", "only.css")).toBe("only.js");
  });

  test("that cannot be found is named in the refusal", () => {
    expect(() => entry({ module: "dist/gone.js" }, "a.js", "b.js")).toThrow(/dist\/gone\.js/);
    expect(() => entry({}, "a.css")).toThrow(expect.objectContaining({ code: "entry_not_found" }));
  });
});
