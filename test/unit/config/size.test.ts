import fc from "fast-check";
import { expect, it, test } from "vitest";
import { parseSize } from "../../../src/config/size.ts";

test.each([
  ["0", 0],
  ["512m", 536_870_912],
  ["1.5g", 1_610_612_736],
  ["64MiB", 67_108_864],
  ["10kb", 10_240],
  ["4096b", 4096],
])("%s is %d bytes", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(["", "m", "-1m", "1x", "1 2m", "1e3", "99999999999999t"])("%j is no size", (text) => {
  expect(parseSize(text)).toBeUndefined();
});

it("reads plain bytes as they are, and each unit as 1024 of the one before", () => {
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000 }), (count) => {
      expect(parseSize(String(count))).toBe(count);
      expect(parseSize(`${count}g`)).toBe((parseSize(`${count}m`) ?? 0) * 1024);
    }),
  );
});
