import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffJson, type JsonChange } from "../../../src/core/json-diff.ts";

describe("the difference of two JSON documents", () => {
  it("names the deepest place, whatever the order of members", () => {
    const from = { name: "a", profile: { code: "x = 1", buckets: [{ id: 1 }, { id: 2 }] }, old: true };
    const to = { profile: { buckets: [{ id: 1 }], code: "x = 2" }, name: "a", "a/b~c": null };
    expect(diffJson(from, to)).toEqual([
      { path: "/profile/code", kind: "changed", from: "x = 1", to: "x = 2" },
      { path: "/profile/buckets/1", kind: "removed", from: { id: 2 } },
      { path: "/old", kind: "removed", from: true },
      { path: "/a~1b~0c", kind: "added", to: null },
    ]);
  });

  it("shows a change of type, and of the whole document", () => {
    expect(diffJson({ a: [] }, { a: {} })).toEqual([{ path: "/a", kind: "changed", from: [], to: {} }]);
    expect(diffJson(1, null)).toEqual([{ path: "", kind: "changed", from: 1, to: null }]);
  });

  it("is empty for equal documents only, and turns one into the other", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, two) => {
        const [from, to] = [viaJson(one), viaJson(two)];
        expect(diffJson(from, viaJson(from))).toEqual([]);
        expect(apply(from, diffJson(from, to))).toEqual(to);
      }),
    );
  });
});

/** As it stands in a file: no -0, no prototypes of the generator's. */
const viaJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Removals of elements come in rising order, so they are taken from the end. */
function apply(document: unknown, changes: readonly JsonChange[]): unknown {
  const root = { "": structuredClone(document) };
  const removals = changes.filter(({ kind }) => kind === "removed").reverse();
  for (const { path, kind, to } of [...changes.filter((change) => change.kind !== "removed"), ...removals]) {
    const names = path.split("/").map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = names.pop() ?? "";
    let parent = root as Record<string, unknown>;
    for (const name of names) parent = parent[name] as Record<string, unknown>;
    if (kind !== "removed") {
      Object.defineProperty(parent, last, {
        value: to,
        ...{ enumerable: true, writable: true, configurable: true },
      });
    } else if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
  }
  return root[""];
}
