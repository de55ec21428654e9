import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAlternatives, parseRelations, RelatedPackages } from "../../../../src/core/deb/relations.ts";

const related = (name: string, version: string, more = {}) => ({
  name,
  version,
  architecture: "amd64",
  multiArch: undefined,
  provides: undefined,
  ...more,
});

describe("parseRelations", () => {
  it("reads names, alternatives, versions and architectures", () => {
    expect(parseRelations("a, b (>= 1:2-3) | c , python3:any(<< 4)")).toEqual([
      [{ name: "a", architecture: undefined, version: undefined }],
      [
        { name: "b", architecture: undefined, version: { operator: ">=", version: "1:2-3" } },
        { name: "c", architecture: undefined, version: undefined },
      ],
      [{ name: "python3", architecture: "any", version: { operator: "<<", version: "4" } }],
    ]);
    expect(parseRelations("")).toEqual([]);
  });

  it.each(["A", "a b", "a (>= )", "a (~ 1)", "a [amd64]", "a | ", "-a", "a (= 1", "a; rm"])(
    "refuses %j",
    (text) => {
      expect(() => parseRelations(text)).toThrow(expect.objectContaining({ code: "INVALID" }));
    },
  );

  it("reads back what it writes", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9+.-]{0,8}$/);
    const relation = fc.record({
      name,
      architecture: fc.option(fc.constantFrom("any", "amd64"), { nil: undefined }),
      version: fc.option(
        fc.record({
          operator: fc.constantFrom("<<", "<=", "=", ">=", ">>"),
          version: fc.stringMatching(/^[0-9][0-9a-z.~+]{0,5}$/),
        }),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(
        fc.array(fc.array(relation, { minLength: 1, maxLength: 3 }), { maxLength: 4 }),
        (relations) => {
          const text = relations.map((one) => formatAlternatives(one as never)).join(", ");
          expect(parseRelations(text)).toEqual(relations);
        },
      ),
    );
  });
});

describe("RelatedPackages", () => {
  const packages = new RelatedPackages(
    [
      related("a", "1.5"),
      related("all", "1", { architecture: "all" }),
      related("foreign", "1", { architecture: "i386", multiArch: "foreign" }),
      related("other", "1", { architecture: "i386" }),
      related("python3", "3.11", { multiArch: "allowed" }),
      related("exim", "4", { provides: "mail-agent, smtp (= 2)" }),
    ],
    "amd64",
  );

  it.each([
    ["a", true],
    ["a (>= 1.5)", true],
    ["a (>> 1.5)", false],
    ["a (<< 1.10)", true],
    ["a (> 1.5)", true],
    ["b | a", true],
    ["b", false],
    ["all", true],
    ["foreign", true],
    ["other", false],
    ["other:i386", true],
    ["python3:any", true],
    ["a:any", false],
    ["mail-agent", true],
    ["mail-agent (>= 1)", false],
    ["smtp (>= 1)", true],
  ])("knows whether %s is satisfied", (text, expected) => {
    const [alternatives = []] = parseRelations(text);
    expect(packages.satisfying(alternatives).length > 0).toBe(expected);
  });
});
