import { describe, expect, test } from "vitest";
import { parseMarket } from "../../../../../src/server/deb/market/document.ts";
import { withLocalValues } from "../../../../../src/server/deb/market/local-values.ts";
import {
  type MarketQuery,
  queryMarket,
  UnorderableColumn,
} from "../../../../../src/server/deb/market/query.ts";

const ITEMS = [
  { namespace: "official", name: "zeta", author: "Zoë", tags: ["Téléphone"], versions: [{ version: "1.0" }] },
  { namespace: "official", name: "alpha", color: "#fff", versions: [] },
  { namespace: "others", name: "beta", license: { kind: "MIT" }, versions: [{ version: "2.0" }] },
];
const items = parseMarket({ items: ITEMS }).items.map((item) =>
  withLocalValues(item, new Map([["others/beta", "1.0"]]), "26.06"),
);

const query = (more: Partial<MarketQuery> = {}): MarketQuery => ({
  direction: "asc",
  order: "name",
  limit: null,
  offset: 0,
  search: undefined,
  installed: undefined,
  filters: {},
  ...more,
});
const names = (more: Partial<MarketQuery>) => queryMarket(items, query(more)).items.map((item) => item.name);

describe("the market", () => {
  test("is searched without case and accents, in texts and in lists of texts", () => {
    expect(names({ search: "telephone" })).toEqual(["zeta"]);
    expect(names({ search: "ZOE" })).toEqual(["zeta"]);
    expect(names({ search: "kind" })).toEqual(["beta"]);
    expect(names({ search: "version" })).toEqual(["beta", "zeta"]);
    expect(names({ search: "" })).toEqual(["alpha", "beta", "zeta"]);
  });

  test("is sorted by any column; what lacks it comes last, and first when the order is turned round", () => {
    expect(names({ order: "author" })).toEqual(["zeta", "alpha", "beta"]);
    expect(names({ order: "author", direction: "desc" })).toEqual(["alpha", "beta", "zeta"]);
    expect(names({ order: "nothing" })).toEqual(["zeta", "alpha", "beta"]);
    expect(names({ direction: "desc" })).toEqual(["zeta", "beta", "alpha"]);
  });

  test("has columns that cannot be sorted by", () => {
    expect(() => names({ order: "versions" })).toThrow(UnorderableColumn);
    expect(() => names({ order: "installed_version" })).toThrow(
      '"installed_version" values are not orderable',
    );
  });

  test("is filtered by exact values and by what is installed, and counts before it slices", () => {
    expect(queryMarket(items, query({ filters: { namespace: "official" }, limit: 1 }))).toMatchObject({
      total: 3,
      filtered: 2,
      items: [{ name: "alpha" }],
    });
    expect(names({ installed: true })).toEqual(["beta"]);
    expect(names({ installed: false })).toEqual(["alpha", "zeta"]);
    expect(names({ installed: false, filters: { installed_version: "1.0" } })).toEqual(["beta"]);
    expect(names({ filters: { foo: "x" } })).toEqual([]);
    expect(names({ limit: 0, offset: 1 })).toEqual(["beta", "zeta"]);
  });

  test("says of each version whether it would be newer, and hides how it is installed", () => {
    const [, beta, zeta] = queryMarket(items, query()).items;
    expect(beta).toEqual({
      namespace: "others",
      name: "beta",
      license: { kind: "MIT" },
      installed_version: "1.0",
      versions: [{ version: "2.0", upgradable: true }],
    });
    expect(zeta?.installed_version).toBeNull();
  });

  test("has versions that are not for this Wazo", () => {
    const { items: bounded } = parseMarket({
      items: [
        {
          namespace: "a",
          name: "b",
          versions: [
            { version: "3", min_wazo_version: "26.07" },
            { version: "2", min_wazo_version: "9.0", max_wazo_version: "100.0" },
            { version: "1", max_wazo_version: "26.05" },
          ],
        },
      ],
    });
    const upgradable = (wazo: string | undefined) =>
      bounded.map((item) => withLocalValues(item, new Map(), wazo).versions.map((one) => one.upgradable))[0];
    expect(upgradable("26.06")).toEqual([false, true, false]);
    expect(upgradable(undefined)).toEqual([true, true, true]);
  });

  test("leaves out what is no plugin, and keeps the rest", () => {
    const { items: good, refused } = parseMarket({ items: [{ namespace: "a b", name: "c" }, ITEMS[1], 7] });
    expect(good.map((item) => item.name)).toEqual(["alpha"]);
    expect(refused).toHaveLength(2);
    expect(() => parseMarket({ plugins: [] })).toThrow();
  });
});
