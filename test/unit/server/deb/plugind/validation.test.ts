import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PlugindError } from "../../../../../src/server/deb/plugind/errors.ts";
import {
  readInstallBody,
  readMarketQuery,
  readReinstall,
} from "../../../../../src/server/deb/plugind/validation.ts";

const REQUIRED = {
  message: "Missing data for required field.",
  constraint_id: "required",
  constraint: "required",
};
const NOT_NULL = { message: "Field may not be null.", constraint_id: "not_null", constraint: "not_null" };
const NOT_TEXT = { message: "Not a valid string.", constraint_id: "type", constraint: "string" };
const EMPTY = {
  message: "Shorter than minimum length 1.",
  constraint_id: "length",
  constraint: { min: 1, max: null },
};

/** Details of the refusal; undefined when the input is taken. */
function refusal(read: () => unknown): unknown {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!(error instanceof PlugindError)) throw error;
    expect([error.status, error.errorId, error.message, error.resource]).toEqual([
      400,
      "invalid-data",
      "Invalid data",
      "plugins",
    ]);
    return error.details;
  }
}

describe("the body of POST /plugins is refused in the original's words", () => {
  const git = (options: unknown) => ({ method: "git", options });
  test.each<[string, unknown, unknown]>([
    ["an empty object", {}, { method: REQUIRED, options: REQUIRED }],
    ["null", null, { method: REQUIRED, options: REQUIRED }],
    ["an empty list", [], { method: REQUIRED, options: REQUIRED }],
    [
      "an unknown method",
      { method: "svn", options: {} },
      {
        method: {
          message: "Must be one of: git, market.",
          constraint_id: "enum",
          constraint: { choices: ["git", "market"] },
        },
      },
    ],
    ["a number as method", { method: 7, options: {} }, { method: NOT_TEXT }],
    ["null as method", { method: null, options: {} }, { method: NOT_NULL }],
    ["git without options", { method: "git" }, { options: REQUIRED }],
    ["git with null as options", git(null), { options: NOT_NULL }],
    ["git with a text as options", git("x"), { options: {} }],
    ["git with a list as options", git([1]), { options: {} }],
    ["git without url", git({}), { options: { url: REQUIRED } }],
    ["a number as url", git({ url: 12 }), { options: { url: NOT_TEXT } }],
    ["null as url", git({ url: null }), { options: { url: NOT_NULL } }],
    ["null as ref", git({ url: "x", ref: null }), { options: { ref: NOT_NULL } }],
    ["a number as subdirectory", git({ url: "x", subdirectory: 1 }), { options: { subdirectory: NOT_TEXT } }],
    ["an empty url", git({ url: "" }), { options: { url: [EMPTY] } }],
    [
      "an empty ref and subdirectory",
      git({ url: "x", ref: "", subdirectory: "" }),
      { options: { ref: [EMPTY], subdirectory: [EMPTY] } },
    ],
    [
      "market without anything",
      { method: "market", options: {} },
      { options: { namespace: REQUIRED, name: REQUIRED } },
    ],
  ])("%s", (_title, body, details) => {
    expect(refusal(() => readInstallBody(body))).toEqual(details);
  });

  test("unknown keys are ignored, and what is left out has its default", () => {
    expect(readInstallBody({ method: "git", x: 1, options: { url: "u", y: 2, subdirectory: null } })).toEqual(
      {
        method: "git",
        options: { url: "u", ref: undefined, subdirectory: null },
      },
    );
    expect(readInstallBody({ method: "market", options: { namespace: "a", name: "b", url: "u" } })).toEqual({
      method: "market",
      options: { namespace: "a", name: "b" },
    });
  });

  test("whatever JSON comes is taken or refused, and never fails otherwise", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("git", "market", "svn"), (value, method) => {
        refusal(() => readInstallBody(value));
        refusal(() => readInstallBody({ method, options: value }));
      }),
    );
  });
});

describe("query parameters", () => {
  test("booleans are written in every way that the original knows", () => {
    for (const text of ["1", "t", "True", "on", "YES"]) expect(readReinstall({ reinstall: text })).toBe(true);
    for (const text of ["0", "F", "false", "Off", "no"])
      expect(readReinstall({ reinstall: text })).toBe(false);
    expect(readReinstall({})).toBe(false);
    expect(refusal(() => readReinstall({ reinstall: "foo" }))).toEqual({
      reinstall: { message: "Not a valid boolean.", constraint_id: "type", constraint: "boolean" },
    });
  });

  test("of a repeated parameter the first counts, and unknown ones are filters", () => {
    expect(readMarketQuery({ limit: ["2", "9"], offset: "1", direction: "desc", foo: "bar" })).toEqual({
      direction: "desc",
      order: "name",
      limit: 2,
      offset: 1,
      search: undefined,
      installed: undefined,
      filters: { foo: "bar" },
    });
  });

  test("every parameter that is wrong is named", () => {
    const query = { limit: "-1", offset: "x", direction: "up", order: "", installed: "maybe" };
    expect(refusal(() => readMarketQuery(query))).toEqual({
      limit: {
        message: "Must be greater than or equal to 0.",
        constraint_id: "range",
        constraint: { min: 0, max: null },
      },
      offset: { message: "Not a valid integer.", constraint_id: "type", constraint: "integer" },
      direction: {
        message: "Must be one of: asc, desc.",
        constraint_id: "enum",
        constraint: { choices: ["asc", "desc"] },
      },
      order: EMPTY,
      installed: { message: "Not a valid boolean.", constraint_id: "type", constraint: "boolean" },
    });
  });
});
