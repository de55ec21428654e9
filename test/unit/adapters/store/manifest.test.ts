import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseManifest } from "../../../../src/adapters/store/manifest.ts";
import { isPlugctlError } from "../../../../src/core/errors.ts";

function fault(text: string) {
  try {
    parseManifest(text, "package.json");
  } catch (error) {
    if (isPlugctlError(error)) return error;
    throw error;
  }
  return expect.fail("it was accepted");
}

describe("package.json", () => {
  it("may have a byte order mark and whatever members it likes", () => {
    const text = '\uFEFF{"name": "a", "version": "1.0.0", "bin": "x.js", "type": "module"}';
    expect(parseManifest(text, "package.json")).toMatchObject({
      name: "a",
      version: "1.0.0",
      type: "module",
    });
  });

  it("names the line of a member that does not fit", () => {
    const error = fault('{\n  "name": "a",\n  "version": 1,\n  "files": ["x"]\n}');
    expect(error).toMatchObject({ code: "INVALID" });
    expect(error.message).toBe("package.json:3: version must be a version such as 1.0.0");
  });

  it("names the line of a member within a member", () => {
    const error = fault('{\n"name": "a",\n"version": "1.0.0",\n"plugctl": {\n  "entry": 5\n}}');
    expect(error.message).toBe("package.json:5: plugctl.entry must be a path");
  });

  it("lists all faults, those of members that are missing without a line", () => {
    const error = fault('{\n  "files": "dist"\n}');
    expect(error.details?.errors).toEqual([
      { path: "package.json", message: "name must be the plugin's name" },
      { path: "package.json", message: "version must be a version such as 1.0.0" },
      { path: "package.json:2", message: "files must be a list of paths and patterns" },
    ]);
  });

  it("names the line where it stops being JSON", () => {
    const error = fault('{\n  "name": "a",\n  "version": oops\n}');
    expect(error.message).toMatch(/^package\.json:3: is not JSON: /);
  });

  it("is either accepted or refused as INVALID, whatever it holds", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          parseManifest(text, "package.json");
        } catch (error) {
          expect(error).toMatchObject({ code: "INVALID" });
        }
      }),
    );
  });
});
