import { describe, expect, it } from "vitest";
import { jsonLines, plainLines } from "../../../../src/actions/kafka/parse-messages.ts";

const header = ["source", Buffer.from("test")] as const;
const defaults = { partition: undefined, headers: [header] };
const json = (line: unknown, more: Partial<Parameters<typeof jsonLines>[0]> = {}) =>
  jsonLines({ ...defaults, keepPartition: false, formats: { key: undefined, value: undefined }, ...more })(
    Buffer.from(typeof line === "string" ? line : JSON.stringify(line)),
    7,
  );

describe("plain lines", () => {
  it("are values, with the headers and partition of all", () => {
    const parse = plainLines(undefined, { ...defaults, partition: 3 });
    expect(parse(Buffer.from("a=b"), 1)).toEqual({
      key: null,
      value: Buffer.from("a=b"),
      headers: [header],
      partition: 3,
    });
  });

  it("are keys and values where something stands between", () => {
    const parse = plainLines("::", defaults);
    expect(parse(Buffer.from("a::b::c"), 1)).toMatchObject({
      key: Buffer.from("a"),
      value: Buffer.from("b::c"),
    });
    expect(parse(Buffer.from("::b"), 1)).toMatchObject({ key: null, value: Buffer.from("b") });
    expect(() => parse(Buffer.from("b"), 4)).toThrow('line 4 has no "::" between key and value');
  });
});

describe("JSON lines", () => {
  it("take strings as they are and anything else as JSON, unless they say otherwise", () => {
    expect(json({ key: "a", value: { b: 1 } })).toMatchObject({
      key: Buffer.from("a"),
      value: Buffer.from('{"b":1}'),
    });
    expect(json({ value: "ff00", valueFormat: "hex" }).value).toEqual(Buffer.from([0xff, 0]));
    expect(json({ value: "a", valueFormat: "json" }).value).toEqual(Buffer.from('"a"'));
    expect(json({ value: "ff" }, { formats: { key: undefined, value: "hex" } }).value).toEqual(
      Buffer.from([255]),
    );
    expect(json({ value: null })).toMatchObject({ key: null, value: null });
  });

  it("take headers, also several of a name and such that are no text", () => {
    const { headers } = json({ value: "", headers: { a: ["1", "2"], b: { hex: "00" } } });
    expect(headers).toEqual([
      header,
      ["a", Buffer.from("1")],
      ["a", Buffer.from("2")],
      ["b", Buffer.from([0])],
    ]);
  });

  it("take times, and the partition only where it is to be kept", () => {
    expect(json({ value: "", timestamp: "2026-01-01T00:00:00.001Z" }).timestamp).toBe(1_767_225_600_001);
    expect(json({ value: "", timestamp: 5 }).timestamp).toBe(5);
    expect(json({ value: "", timestamp: null })).not.toHaveProperty("timestamp");
    expect(json({ value: "", partition: 2 }).partition).toBeUndefined();
    expect(json({ value: "", partition: 2 }, { keepPartition: true }).partition).toBe(2);
    expect(json({ value: "", partition: 2 }, { keepPartition: true, partition: 1 }).partition).toBe(1);
  });

  it.each([
    ["{", "line 7 is no JSON"],
    ["[]", "line 7: Invalid input"],
    [{ value: 1, valueFormat: "text" }, "line 7: value must be a string"],
    [{ value: "x", valueFormat: "base64" }, "line 7: valueFormat"],
    [{ key: "0", keyFormat: "hex" }, "line 7: key must be hex"],
    [{ headers: { a: 1 } }, "line 7: headers.a"],
    [{ headers: { a: { hex: "0" } } }, "line 7: header a must be hex"],
    [{ partition: -1 }, "line 7: partition"],
    [{ timestamp: "yesterday" }, "line 7: timestamp"],
  ])("%j is refused with its line and field", (line, words) => {
    expect(() => json(line)).toThrow(words);
  });
});
