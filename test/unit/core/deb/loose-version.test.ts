import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareLooseVersions } from "../../../../src/core/deb/loose-version.ts";

const versions = fc.stringMatching(/^[0-9]{1,3}(?:[.-][0-9a-z]{1,3}){0,3}$/);

describe("compareLooseVersions", () => {
  it.each([
    ["9.0", "26.06"],
    ["17.05", "17.10"],
    ["17.10", "17.10.1"],
    ["26.06", "100.0"],
    ["1.2", "1.2a"],
    ["1.9", "1.10"],
  ])("puts %s before %s", (older, newer) => {
    expect(compareLooseVersions(older, newer)).toBeLessThan(0);
    expect(compareLooseVersions(newer, older)).toBeGreaterThan(0);
  });

  it.each([
    ["17.1", "17.01"],
    ["1-2", "1.2"],
  ])("takes %s and %s for equal", (one, other) => {
    expect(compareLooseVersions(one, other)).toBe(0);
  });

  it("is an order", () => {
    fc.assert(
      fc.property(versions, versions, versions, (a, b, c) => {
        expect(Math.sign(compareLooseVersions(a, b))).toBe(-Math.sign(compareLooseVersions(b, a)) + 0);
        if (compareLooseVersions(a, b) <= 0 && compareLooseVersions(b, c) <= 0) {
          expect(compareLooseVersions(a, c)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});
