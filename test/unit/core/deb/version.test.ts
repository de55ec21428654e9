import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareVersions, isVersion } from "../../../../src/core/deb/version.ts";
import { findProgram } from "../../../helpers/debian-programs.ts";

const versions = fc
  .tuple(
    fc.option(fc.nat(9), { nil: undefined }),
    fc.stringMatching(/^[0-9][0-9a-zA-B.+~]{0,8}$/),
    fc.option(fc.stringMatching(/^[0-9a-zA-B.+~]{1,5}$/), { nil: undefined }),
  )
  .map(([epoch, upstream, revision]) =>
    [epoch === undefined ? "" : `${epoch}:`, upstream, revision === undefined ? "" : `-${revision}`].join(""),
  );

describe("compareVersions", () => {
  it.each([
    ["1.10", "1.9", 1],
    ["1.0~rc1", "1.0", -1],
    ["1.0~~", "1.0~", -1],
    ["1:0.1", "2.0", 1],
    ["1.0-1", "1.0-1.1", -1],
    ["1.0", "1.00", 0],
    ["0:1.0", "1.0", 0],
    ["1.0", "1.0-0", 0],
    ["1.0a", "1.0+", -1],
    ["99999999999999999999", "100000000000000000000", -1],
  ])("orders %s and %s", (one, other, order) => {
    expect(Math.sign(compareVersions(one, other))).toBe(order);
    expect(Math.sign(compareVersions(other, one))).toBe(0 - order);
  });

  it.skipIf(findProgram("dpkg") === undefined)("agrees with dpkg (skipped: apt-get install dpkg)", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(versions, versions), { minLength: 50, maxLength: 50 }), (pairs) => {
        const script = pairs
          .map(
            ([a, b]) =>
              `if dpkg --compare-versions '${a}' lt '${b}'; then echo -1; ` +
              `elif dpkg --compare-versions '${a}' eq '${b}'; then echo 0; else echo 1; fi`,
          )
          .join("\n");
        const { stdout } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
        expect(pairs.map(([a, b]) => `${a} ${b} ${Math.sign(compareVersions(a, b))}`)).toEqual(
          stdout
            .trim()
            .split("\n")
            .map((order, i) => `${pairs[i]?.[0]} ${pairs[i]?.[1]} ${order}`),
        );
      }),
      { numRuns: 6 },
    );
  });

  it("is a total order", () => {
    fc.assert(
      fc.property(versions, versions, versions, (a, b, c) => {
        expect(compareVersions(a, a)).toBe(0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});

describe("isVersion", () => {
  it("takes what can be written", () => {
    fc.assert(
      fc.property(versions, (version) => {
        expect(isVersion(version)).toBe(true);
      }),
    );
  });

  it.each(["", "v1", "1_0", "1 0", "a:1", "1:", "-1", "1-", "1\n", "99999999999:1", "1:a"])(
    "refuses %j",
    (text) => {
      expect(isVersion(text)).toBe(false);
    },
  );
});
