import fc from "fast-check";
import { expect, it } from "vitest";
import { LogLines } from "../../../src/engine/log-lines.ts";

const push = (lines: LogLines, text: string | Buffer, stream: "stdout" | "stderr" = "stdout") => [
  ...lines.push({ stream, data: Buffer.from(text) }),
];

it("takes the time off each line and says it in UTC", () => {
  const found = push(
    new LogLines("web"),
    "2026-11-21T03:54:04.123456789Z one\n2026-11-21T05:54:05.5+02:00 two\r\n2026-11-21T03:54:06Z \nplain\n",
  );
  expect(found).toEqual([
    { plugin: "web", stream: "stdout", at: "2026-11-21T03:54:04.123456789Z", text: "one" },
    { plugin: "web", stream: "stdout", at: "2026-11-21T03:54:05.5Z", text: "two" },
    { plugin: "web", stream: "stdout", at: "2026-11-21T03:54:06Z", text: "" },
    { plugin: "web", stream: "stdout", at: null, text: "plain" },
  ]);
});

it("puts records of one long line together under the time of the first", () => {
  const lines = new LogLines("web");
  expect(push(lines, "2026-11-21T03:54:04Z aaa")).toEqual([]);
  expect(push(lines, "2026-11-21T03:54:05Z err\n", "stderr")).toHaveLength(1);
  expect(push(lines, "2026-11-21T03:54:06Z bbb\n")).toMatchObject([
    { at: "2026-11-21T03:54:04Z", text: "aaabbb" },
  ]);
  push(lines, "2026-11-21T03:54:07Z no end");
  expect([...lines.end()]).toMatchObject([{ text: "no end" }]);
});

it("keeps characters whole that the connection cuts", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: "grapheme" }).filter((text) => !/[\r\n]/.test(text)),
        { maxLength: 8 },
      ),
      fc.integer({ min: 1, max: 7 }),
      (texts, size) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(""));
        const lines = new LogLines("web");
        const found: string[] = [];
        for (let at = 0; at < bytes.length; at += size)
          for (const { text } of lines.push({ stream: "stdout", data: bytes.subarray(at, at + size) }))
            found.push(text);
        // A text that begins like a time would be taken for one.
        expect(found).toEqual(texts);
      },
    ),
  );
});

it("gives out a line that never ends in pieces", () => {
  const lines = new LogLines("web");
  const found = [];
  for (let count = 0; count < 40; count++) found.push(...push(lines, "x".repeat(64 * 1024)));
  expect(found.length).toBeGreaterThanOrEqual(2);
});
