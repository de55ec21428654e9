import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatReference, parseReference, RESERVED_PREFIXES } from "../../../src/core/reference.ts";

const TARGETS = ["local-store", "pbx", "edge"];

describe("parseReference", () => {
  it.each([
    ["orders", { name: "orders" }],
    ["orders@1.2.0", { name: "orders", version: "1.2.0" }],
    ["edge:node-red", { target: "edge", name: "node-red" }],
    ["pbx:official/admin-ui@1.2.0", { target: "pbx", name: "official/admin-ui", version: "1.2.0" }],
    ["local-store:@acme/maps", { target: "local-store", name: "@acme/maps" }],
    ["@acme/maps@0.9.0-beta.2", { name: "@acme/maps", version: "0.9.0-beta.2" }],
    ["pbx:tool@1:2.3-1~deb12", { target: "pbx", name: "tool", version: "1:2.3-1~deb12" }],
  ])("reads %s", (text, expected) => {
    expect(parseReference(text, TARGETS)).toEqual(expected);
  });

  it.each(["", ":", "edge:", "a b", "../x", "a//b", "orders@", "@", "a\u0000b", "--help"])(
    "refuses %j as wrong usage",
    (text) => {
      expect(() => parseReference(text, TARGETS)).toThrow(expect.objectContaining({ code: "USAGE" }));
    },
  );

  it("says which targets exist when the part before the colon is none", () => {
    expect(() => parseReference("lap:orders", TARGETS)).toThrow(
      expect.objectContaining({ code: "USAGE", hint: expect.stringContaining("local-store, pbx, edge") }),
    );
  });

  it("takes a source for what it is and asks for a reference", () => {
    for (const prefix of RESERVED_PREFIXES) {
      expect(() => parseReference(`${prefix}:something`, TARGETS)).toThrow(/is a source/);
    }
  });

  it("reads back every reference that it can write", () => {
    const word = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/);
    const reference = fc.record(
      {
        target: fc.constantFrom(...TARGETS),
        name: fc.oneof(
          word,
          fc.tuple(word, word).map(([scope, name]) => `@${scope}/${name}`),
        ),
        version: fc.stringMatching(/^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(-[a-z]{1,8})?$/),
      },
      { requiredKeys: ["name"] },
    );
    fc.assert(
      fc.property(reference, (value) => {
        expect(parseReference(formatReference(value), TARGETS)).toEqual(value);
      }),
    );
  });

  it("either parses or refuses as wrong usage, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        try {
          parseReference(text, TARGETS);
        } catch (error) {
          expect(error).toMatchObject({ code: "USAGE" });
        }
      }),
    );
  });
});
