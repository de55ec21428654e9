import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isPlugctlError, PlugctlError, toPlugctlError, usageError } from "../../../src/core/errors.ts";

describe("the error taxonomy", () => {
  it.each([
    ["INTERNAL", 1],
    ["BACKEND", 1],
    ["USAGE", 2],
    ["CONFIG", 2],
    ["INVALID", 2],
    ["NOT_FOUND", 3],
    ["UNAUTHENTICATED", 4],
    ["FORBIDDEN", 4],
    ["CONFLICT", 5],
    ["UNSUPPORTED", 6],
    ["UNAVAILABLE", 7],
    ["TIMEOUT", 7],
    ["PARTIAL", 8],
    ["VERIFICATION", 9],
    ["CANCELLED", 130],
  ] as const)("gives %s the exit code %i", (code, exitCode) => {
    expect(new PlugctlError(code, "x").exitCode).toBe(exitCode);
  });

  it("recognises an error that another copy of the class made", () => {
    const foreign = Object.assign(new Error("x"), { [Symbol.for("plugctl.error")]: true });
    expect(isPlugctlError(foreign)).toBe(true);
    expect(isPlugctlError(new Error("x"))).toBe(false);
  });

  it("keeps a known error and wraps an unknown one as a fault of ours, with its cause", () => {
    const known = usageError("x");
    expect(toPlugctlError(known)).toBe(known);
    const cause = new TypeError("y");
    expect(toPlugctlError(cause)).toMatchObject({ code: "INTERNAL", message: "y", cause });
    expect(toPlugctlError("z")).toMatchObject({ code: "INTERNAL", message: "z" });
  });

  it("says which file cannot be used and why, and does not take it for a fault of ours", async () => {
    const cause = await readFile(join(import.meta.filename, "x")).catch((error: unknown) => error);
    expect(toPlugctlError(cause)).toMatchObject({
      code: "CONFIG",
      message: `cannot use ${import.meta.filename}/x: a part of the path is no folder (open)`,
      cause,
    });
  });
});
