import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDescription } from "../../../../src/core/deb/read-description.ts";
import { isPlugctlError } from "../../../../src/core/errors.ts";

const read = (text: string, wazoVersion?: string) => readDescription(text, { wazoVersion });

/** What is wrong with a text, in wazo's words and in ours. */
function faultsOf(text: string, wazoVersion = "17.10") {
  try {
    read(text, wazoVersion);
  } catch (error) {
    if (!isPlugctlError(error)) throw error;
    const { step, error_id, details, faults } = error.details as Record<string, never>;
    return { code: error.code, message: error.message, step, error_id, details, faults };
  }
  throw new Error("it was accepted");
}

const VALID = "namespace: acme\nname: hello\nversion: 0.0.1\n";
const required = {
  constraint_id: "required",
  constraint: "required",
  message: "Missing data for required field.",
};
const notNull = { constraint_id: "not_null", constraint: "not_null", message: "Field may not be null." };
const notText = { constraint_id: "type", constraint: "string", message: "Not a valid string." };

describe("readDescription", () => {
  it("reads every key, and keeps those that nobody knows", () => {
    const description = read(`
name: hello-2
namespace: acme
version: 1.10
plugin_format_version: 1
min_wazo_version: 17.01
max_wazo_version: "26.06"
depends:
  - namespace: other
    name: one
  - {namespace: other, name: two, version: 2.0}
debian_depends: [tig, "python3 (>= 3.9) | python"]
tags: [x]
`);
    expect(description).toMatchObject({
      namespace: "acme",
      name: "hello-2",
      version: "1.10",
      formatVersion: 1,
      minWazoVersion: "17.01",
      maxWazoVersion: "26.06",
      depends: [
        { namespace: "other", name: "one" },
        { namespace: "other", name: "two", version: "2.0" },
      ],
      debianDepends: ["tig", "python3 (>= 3.9) | python"],
      metadata: { tags: ["x"], version: "1.10", plugin_format_version: 1 },
    });
  });

  it.each([
    ["1.10", "1.10"],
    ["22.0", "22.0"],
    ["3", "3"],
    ["2020-01-02", "2020-01-02"],
    ["0o17", "0o17"],
    ["'1.0'", "1.0"],
    ["1e3", "1e3"],
    ["1_000", "1_000"],
  ])("takes the version %s as it is written", (written, version) => {
    expect(read(`namespace: a\nname: b\nversion: ${written}\n`).version).toBe(version);
  });

  it("reads versions through anchors and merged mappings", () => {
    const text =
      "x: &x {min_wazo_version: 17.10}\n<<: *x\nnamespace: a\nname: b\nversion: &v 1.10\nmax_wazo_version: *v\n";
    expect(read(text)).toMatchObject({ version: "1.10", minWazoVersion: "17.10", maxWazoVersion: "1.10" });
  });

  it("reads the rest as YAML 1.1 in Python does, and makes plain JSON of it", () => {
    const { metadata } = read(
      `${VALID}a: yes\nb: off\nc: y\nd: 012\ne: 2020-01-02\nf: 1:30\ng: !!binary aGk=\nh: .inf\n1: x\n`,
    );
    expect(metadata).toMatchObject({
      a: true,
      b: false,
      c: "y",
      d: 10,
      e: "2020-01-02",
      f: 90,
      g: "aGk=",
      h: "Infinity",
      "1": "x",
    });
  });

  it.each([
    ["0", 0],
    ["'1'", 1],
    ["2", 2],
    ["1.0", 1],
  ])("accepts the format version %s", (written, formatVersion) => {
    expect(read(`${VALID}plugin_format_version: ${written}\n`).formatVersion).toBe(formatVersion);
  });

  const regex = (constraint: string) => expect.objectContaining({ constraint_id: "regex", constraint });
  const range = {
    constraint_id: "range",
    constraint: { min: 0, max: 2 },
    message: "Must be greater than or equal to 0 and less than or equal to 2.",
  };
  const integer = { constraint_id: "type", constraint: "integer", message: "Not a valid integer." };
  it.each([
    ["a: b", { name: required, namespace: required, version: required }],
    [`${VALID}name: Hello`, { name: regex("^[a-z0-9-]+$") }],
    [`${VALID}name: ../x`, { name: regex("^[a-z0-9-]+$") }],
    [`${VALID}name: "a\\n"`, { name: regex("^[a-z0-9-]+$") }],
    [`${VALID}namespace: a-b`, { namespace: regex("^[a-z0-9]+$") }],
    [`${VALID}namespace: 8`, { namespace: notText }],
    [`${VALID}namespace: ~`, { namespace: notNull }],
    [`${VALID}version: [1]`, { version: notText }],
    [`${VALID}plugin_format_version: 3`, { plugin_format_version: range }],
    [`${VALID}plugin_format_version: -1`, { plugin_format_version: range }],
    [`${VALID}plugin_format_version: 999`, { plugin_format_version: range }],
    [`${VALID}plugin_format_version: abc`, { plugin_format_version: integer }],
    [`${VALID}plugin_format_version: true`, { plugin_format_version: integer }],
    [`${VALID}plugin_format_version:`, { plugin_format_version: notNull }],
    [
      `${VALID}min_wazo_version: 17.11`,
      {
        min_wazo_version: {
          constraint_id: "range",
          constraint: { max: "17.10" },
          message: "Must be less than or equal to 17.10.",
        },
      },
    ],
    [
      `${VALID}max_wazo_version: 17.05`,
      {
        max_wazo_version: {
          constraint_id: "range",
          constraint: { min: "17.10" },
          message: "Must be greater than or equal to 17.10.",
        },
      },
    ],
    [
      `${VALID}depends: x`,
      { depends: { constraint_id: "type", constraint: "dict", message: "Invalid type." } },
    ],
    [`${VALID}depends:`, { depends: notNull }],
    [
      `${VALID}depends: [{namespace: a}, {namespace: 1, name: ""}]`,
      {
        depends: {
          "0": { name: required },
          "1": {
            namespace: notText,
            name: [
              {
                constraint_id: "length",
                constraint: { min: 1, max: null },
                message: "Shorter than minimum length 1.",
              },
            ],
          },
        },
      },
    ],
    [
      `${VALID}conffiles: etc`,
      { conffiles: { constraint_id: "type", constraint: "boolean", message: "Not a valid boolean." } },
    ],
    [
      `${VALID}debian_depends: tig`,
      { debian_depends: { constraint_id: "type", constraint: "list", message: "Not a valid list." } },
    ],
  ])("answers %j as wazo's validator does", (text, details) => {
    const faults = faultsOf(text);
    expect(faults).toMatchObject({ code: "INVALID", step: "validating", error_id: "validation-error" });
    expect(faults.details).toEqual(details);
  });

  it("compares versions of Wazo as versions, not as texts", () => {
    expect(read(`${VALID}min_wazo_version: 9.0\nmax_wazo_version: 100.0\n`, "26.06").version).toBe("0.0.1");
  });

  it("does not look at the limits where there is no Wazo", () => {
    expect(read(`${VALID}min_wazo_version: 99.0\n`).minWazoVersion).toBe("99.0");
  });

  it("says each fault in a sentence", () => {
    const { message } = faultsOf(`namespace: A\nname: b\nmin_wazo_version: 26.1\ndepends: [{name: x}]`);
    expect(message).toBe(
      'wazo/plugin.yml is invalid: "namespace" is "A", which does not match ^[a-z0-9]+$; "version" is missing; ' +
        'it needs Wazo "26.1" or newer, and this is 17.10; entry 1 of "depends" lacks "namespace"',
    );
  });

  it.each(["", "- a", "just text", "7"])("takes %j for no description", (text) => {
    expect(faultsOf(text)).toMatchObject({ step: "validating", error_id: "validating-error", details: {} });
  });

  it.each([
    "a: [",
    "a: b: c",
    "\ta: b",
    "a: !python/object:os.system x",
    "[".repeat(50_000),
    "a".repeat(300_000),
  ])("says that a text is not YAML (%#)", (text) => {
    expect(faultsOf(text)).toMatchObject({ step: "extracting", error_id: "extracting-error", details: {} });
  });

  it("does not unfold a text that grows without end", () => {
    const levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
    for (let level = 1; level < 12; level++) {
      levels.push(
        `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(", ")}]`,
      );
    }
    expect(faultsOf(`${VALID}${levels.join("\n")}`).error_id).toBe("extracting-error");
  });

  it("either describes a plugin or says why not, whatever the text", () => {
    const key = fc.constantFrom("name", "namespace", "version", "depends", "plugin_format_version", "x");
    const value = fc.oneof(fc.json(), fc.string(), fc.constantFrom("a", "1.10", "2020-01-02", "~", "yes"));
    const lines = fc.array(fc.tuple(key, value).map(([name, text]) => `${name}: ${text}`));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          lines.map((each) => each.join("\n")),
        ),
        (text) => {
          try {
            const { namespace, name, metadata } = read(text, "17.10");
            expect(namespace).toMatch(/^[a-z0-9]+$/);
            expect(name).toMatch(/^[a-z0-9-]+$/);
            expect(JSON.parse(JSON.stringify(metadata))).toEqual(metadata);
          } catch (error) {
            if (!isPlugctlError(error)) throw error;
            expect(error.code).toBe("INVALID");
            expect(error.message).not.toMatch(/undefined|\[object/);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("gives back any version that has no blank in it", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9][0-9A-Za-z.+~-]{0,12}$/), (version) => {
        expect(read(`namespace: a\nname: b\nversion: ${version}\n`).version).toBe(version);
      }),
    );
  });
});
