import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { read, write } from "../../../../src/actions/kafka/formats.ts";
import { FORMATS } from "../../../../src/core/kafka/formats.ts";

describe("keys and values as text", () => {
  it.each(FORMATS)("come back as the bytes that they were, whatever these are (%s)", (format) => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
      fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        const written = write(given, format);
        // JSON keeps what it means, not its spaces.
        if (written.format === "json") return;
        expect(read(written.value, written.format ?? "text")).toEqual(given);
      }),
    );
  });

  it("keep what JSON means", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const written = write(Buffer.from(JSON.stringify(value)), "json");
        const again = read(written.value, written.format ?? "text");
        expect(JSON.parse(String(again))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([
    ["hello", "json", "hello", "text"],
    ['{"a":1}', "json", { a: 1 }, "json"],
    ['{"a":9007199254740993}', "json", '{"a":9007199254740993}', "text"],
    ['{"a":9007199254740992}', "json", { a: 9007199254740992 }, "json"],
    ["1e999", "json", "1e999", "text"],
    ["0.1234567890123456789", "json", 0.12345678901234568, "json"],
    ["\ufeffx", "text", "\ufeffx", "text"],
    ["", "text", "", "text"],
  ] as const)("shows %j as %s", (text, asked, value, format) => {
    expect(write(Buffer.from(text), asked)).toEqual({ value, format });
  });

  it("shows what is no text as hex, and nothing as nothing", () => {
    expect(write(Buffer.from([0xff, 0x00]), "json")).toEqual({ value: "ff00", format: "hex" });
    expect(write(null, "text")).toEqual({ value: null, format: null });
  });

  it.each([
    [1, "text", "must be a string"],
    ["abc", "hex", "must be hex"],
    ["zz", "hex", "must be hex"],
  ] as const)("refuses %j as %s", (value, format, words) => {
    expect(() => read(value, format)).toThrow(words);
  });
});
