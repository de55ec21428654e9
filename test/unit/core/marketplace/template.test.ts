import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expand } from "../../../../src/core/marketplace/template.ts";

const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,12}$/);
const plain = fc.string().filter((text) => !/[{}$]/.test(text));
/** Kept apart from the brace, so that no text of the test looks like a JavaScript template. */
const DOLLAR = "$";
const spell = (spelling: boolean, of: string) => (spelling ? `{{${of}}}` : `\${${of}}`);

describe("expand", () => {
  it("replaces both spellings anywhere in a text", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(plain, fc.boolean(), name, fc.string())), plain, (parts, end) => {
        const variables = new Map(parts.map(([, , name, value]) => [name, value]));
        const text = parts.map(([before, spelling, name]) => before + spell(spelling, name)).join("") + end;
        const wanted = parts.map(([before, , name]) => before + (variables.get(name) ?? "")).join("") + end;
        const expansion = expand(text, variables);
        expect(expansion.text).toBe(wanted);
        expect(expansion.unknown).toEqual([]);
        expect(new Set(expansion.used)).toEqual(new Set(variables.keys()));
      }),
    );
  });

  it("leaves names that nobody knows as they are written, and reports each once", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(plain, fc.boolean(), name)), (parts) => {
        const text = parts.map(([before, spelling, name]) => before + spell(spelling, name)).join("");
        const expansion = expand(text, new Map());
        expect(expansion.text).toBe(text);
        expect(expansion.unknown).toEqual([...new Set(parts.map(([, , name]) => name))]);
      }),
    );
  });

  it("does not expand what a value brings in", () => {
    const variables = new Map([
      ["THINGER_USER", `{{THINGER_TOKEN_X}}${DOLLAR}{THINGER_TOKEN_X}$&`],
      ["THINGER_TOKEN_X", "secret"],
    ]);
    expect(expand("a/{{THINGER_USER}}", variables).text).toBe(
      `a/{{THINGER_TOKEN_X}}${DOLLAR}{THINGER_TOKEN_X}$&`,
    );
  });

  it("takes no text for a template that is none", () => {
    for (const text of ["{{ A }}", "$A", "{A}", `${DOLLAR}{}`, "{{A-B}}", "{{A}", `${DOLLAR}{A`]) {
      expect(expand(text, new Map([["A", "x"]]))).toEqual({ text, used: [], unknown: [] });
    }
  });
});
