import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseParagraphs } from "../../../../../src/core/deb/control.ts";
import { readDescription } from "../../../../../src/core/deb/read-description.ts";
import { isPlugctlError } from "../../../../../src/core/errors.ts";
import { controlParagraph } from "../../../../../src/server/deb/builder/control-file.ts";

/** JSON is YAML, so any value can be put into a description. */
const control = (fields: Record<string, unknown>) => {
  const text = JSON.stringify({ namespace: "acme", name: "hello", version: "1.0", ...fields });
  return controlParagraph(readDescription(text, { wazoVersion: undefined }), 7).toString();
};

describe("controlParagraph", () => {
  it("has the fields of wazo-plugind in their order", () => {
    const depends = [{ namespace: "other", name: "two" }];
    expect(control({ version: "1:1.0-2", debian_depends: ["tig", "a (>= 1)", "b|c"], depends })).toBe(
      `Package: wazo-plugind-hello-acme
Architecture: all
Maintainer: Wazo Maintainers <dev+pkg@wazo.community>
Priority: optional
Section: wazo-plugind-plugin
Version: 1:1.0-2
Installed-Size: 7
Depends: tig, a (>= 1), b | c, wazo-plugind-two-other
Description: Wazo plugin acme/hello
 It has no description of its own.
`,
    );
  });

  it("takes the author's description over, as lines that begin nothing else", () => {
    expect(control({ description: "One.\n\n  Two:\u0000\rDepends: evil\n.\u2028 X" })).toContain(
      "Description: Wazo plugin acme/hello\n One.\n Two:\n Depends: evil\n .\n X\n",
    );
  });

  it.each([
    { version: "v1" },
    { version: "1_0" },
    { version: "1.0\nDepends: evil" },
    { version: "" },
    { debian_depends: ["tig\nEssential: yes"] },
    { debian_depends: ["a b"] },
    { debian_depends: ["$(reboot)"] },
    { depends: [{ namespace: "x\nPre-Depends: evil", name: "y" }] },
    { depends: [{ namespace: "../x", name: "y" }] },
  ])("refuses %j", (fields) => {
    expect(() => control(fields)).toThrow(expect.objectContaining({ code: "INVALID" }));
  });

  it("never has another field or paragraph, whatever the author writes", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("1.0", "a\n\nPackage: b", "a\n.\nB: c"),
    );
    const names = [
      ...["Package", "Architecture", "Maintainer", "Priority", "Section", "Version", "Installed-Size"],
      ...["Depends", "Description"],
    ];
    fc.assert(
      fc.property(text, text, fc.array(text, { maxLength: 2 }), (version, description, relations) => {
        try {
          const [paragraph, ...others] = parseParagraphs(
            control({ version, description, debian_depends: relations }),
          );
          expect(others).toEqual([]);
          expect(names).toEqual(expect.arrayContaining([...(paragraph ?? [])].map(([name]) => name)));
          expect(paragraph?.get("Package")).toBe("wazo-plugind-hello-acme");
        } catch (error) {
          if (!isPlugctlError(error)) throw error;
          expect(error.code).toBe("INVALID");
        }
      }),
      { numRuns: 500 },
    );
  });
});
