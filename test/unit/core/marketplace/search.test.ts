import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEntry } from "../../../../src/core/marketplace/entry.ts";
import { searchEntries, summarise } from "../../../../src/core/marketplace/search.ts";
import { compareVersions } from "../../../../src/core/marketplace/version.ts";

const entry = (name: string, metadata: object, rest: object = {}) =>
  summarise(parseEntry({ name, version: "1.0.0", metadata, ...rest }));

const ENTRIES = [
  entry("grafana", { name: "Grafana", category: "monitoring" }, { deprecated: {} }),
  entry("prometheus", { name: "Prometheus", category: "monitoring", description: "feeds grafana" }),
  entry("dragino_lht65", { name: "Dragino LHT65", category: "devices", vendor: "dragino" }),
  entry("lht65-tools", { name: "Tools", category: "oddities" }),
];

const names = (query: Parameters<typeof searchEntries>[1]) =>
  searchEntries(ENTRIES, query).map(({ name }) => name);

describe("searchEntries", () => {
  it("hides deprecated entries unless asked", () => {
    expect(names({ text: "grafana" })).toEqual(["prometheus"]);
    expect(names({ text: "grafana", deprecated: true })).toEqual(["grafana", "prometheus"]);
  });

  it("wants all words, in any field and any case", () => {
    expect(names({ text: "LHT65 dragino" })).toEqual(["dragino_lht65"]);
    expect(names({ text: "dragino-lht65" })).toEqual(["dragino_lht65"]);
    expect(names({ text: "dragino nothing" })).toEqual([]);
  });

  it("puts what the name says before what the description says", () => {
    expect(names({ text: "lht65" })).toEqual(["lht65-tools", "dragino_lht65"]);
  });

  it("narrows by category, vendor and kind, and orders categories as the marketplace does", () => {
    expect(names({ category: " Monitoring" })).toEqual(["prometheus"]);
    expect(names({ vendor: "Dragino" })).toEqual(["dragino_lht65"]);
    expect(names({ kind: "container" })).toEqual([]);
    expect(names({})).toEqual(["dragino_lht65", "prometheus", "lht65-tools"]);
  });
});

describe("compareVersions", () => {
  const sorted = [
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
  ];

  it("takes a number after the hyphen for a revision, and letters for a pre-release", () => {
    expect([...sorted].reverse().sort(compareVersions)).toEqual(sorted);
  });

  it("is an order, whatever the texts", () => {
    const version = fc.oneof(
      fc.constantFrom(...sorted),
      fc.stringMatching(/^v?[0-9a-z]{1,3}([.+-][0-9a-z]{1,3}){0,3}$/),
    );
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});
