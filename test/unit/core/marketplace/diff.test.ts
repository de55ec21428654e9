import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffJson } from "../../../../src/core/marketplace/diff.ts";

describe("diffJson", () => {
  it("finds nothing between equal values, and something between others", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        // JSON has no negative zero.
        const [a, b] = [one, other].map((value): unknown => JSON.parse(JSON.stringify(value)));
        expect(diffJson(a, structuredClone(a))).toEqual([]);
        const sorted = (value: unknown) => JSON.stringify(value, (_, item) => sortMembers(item));
        expect(diffJson(a, b).length === 0).toBe(sorted(a) === sorted(b));
      }),
    );
  });

  it("names items by their ids, wherever they stand", () => {
    const before = {
      products: [
        { product: "a", v: 1 },
        { product: "b", v: 1 },
      ],
    };
    const after = {
      products: [
        { product: "b", v: 2 },
        { product: "c", v: 1 },
      ],
    };
    expect(diffJson(before, after)).toEqual([
      { path: "products[a]", change: "removed", before: { product: "a", v: 1 } },
      { path: "products[b].v", change: "changed", before: 1, after: 2 },
      { path: "products[c]", change: "added", after: { product: "c", v: 1 } },
    ]);
  });

  it("tells a list from an object, and null from nothing", () => {
    expect(diffJson({ a: [] }, { a: {} })).toEqual([{ path: "a", change: "changed", before: [], after: {} }]);
    expect(diffJson({ a: null }, {})).toEqual([{ path: "a", change: "removed", before: null }]);
    expect(diffJson([1, 2], [1, 3])).toEqual([{ path: "[1]", change: "changed", before: 2, after: 3 }]);
  });
});

function sortMembers(item: unknown): unknown {
  if (item === null || typeof item !== "object" || Array.isArray(item)) return item;
  return Object.fromEntries(Object.entries(item).sort(([one], [other]) => (one < other ? -1 : 1)));
}
