import { describe, expect, it } from "vitest";
import { changeBetween, unchanged } from "../../../../src/adapters/deb/watch/lists.ts";

const plugin = (name: string, version: string, depends: string[] = []) => ({
  ...{ namespace: "acme", name, version, description: null },
  depends: depends.map((needed) => ({ namespace: "acme", name: needed })),
});
const INSTALL = { action: "install", label: "git:x", plugin: undefined } as const;

describe("what a task of a wazo-plugind has changed", () => {
  it("is the plugin of a repository, and not what came for its sake", () => {
    const after = [plugin("base", "1"), plugin("middle", "1", ["base"]), plugin("top", "1", ["middle"])];
    expect(changeBetween([], after, INSTALL)).toMatchObject({
      name: "acme/top",
      version: "1",
      changed: true,
    });
    // One that was there before is nobody's news.
    expect(changeBetween([plugin("top", "1", ["middle"])], after, INSTALL)).toMatchObject({
      name: "acme/middle",
    });
  });

  it("is something even where plugins need each other", () => {
    const circle = [plugin("a", "1", ["b"]), plugin("b", "1", ["a"])];
    expect(changeBetween([], circle, INSTALL)).toMatchObject({ name: "acme/a" });
  });

  it("is the plugin that was asked for, whatever else came", () => {
    const wanted = { ...INSTALL, plugin: { namespace: "acme", name: "base" } };
    const after = [plugin("base", "2"), plugin("other", "1")];
    expect(changeBetween([plugin("base", "1")], after, wanted)).toMatchObject({
      ...{ name: "acme/base", version: "2", previousVersion: "1" },
    });
    expect(changeBetween(after, after, wanted)).toBeUndefined();
  });

  it("is told where the same version was installed once more", () => {
    expect(unchanged([], INSTALL, true)).toMatchObject({ name: "git:x", version: null, changed: true });
    expect(unchanged([], INSTALL, false)).toMatchObject({ changed: false });
  });
});
