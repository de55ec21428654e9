import { describe, expect, it } from "vitest";
import { formatRelative, formatSize } from "../../../src/output/format.ts";

describe("sizes for people", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [1234, "1.2 kB"],
    [99_949, "99.9 kB"],
    [123_456, "123 kB"],
    [999_999, "1.0 MB"],
    [5e15, "5000 TB"],
  ])("writes %i as %s", (bytes, expected) => {
    expect(formatSize(bytes)).toBe(expected);
  });
});

describe("instants for people", () => {
  const now = new Date("2026-01-02T00:00:00Z");
  it.each([
    ["2026-01-01T23:59:58Z", "just now"],
    ["2026-01-01T23:59:30Z", "30 seconds ago"],
    ["2026-01-01T23:59:00Z", "1 minute ago"],
    ["2026-01-01T21:00:00Z", "3 hours ago"],
    ["2025-12-01T00:00:00Z", "1 month ago"],
    ["2023-01-01T00:00:00Z", "3 years ago"],
    ["2026-01-04T00:00:01Z", "in 2 days"],
    ["not a date", "not a date"],
  ])("writes %s as %s", (iso, expected) => {
    expect(formatRelative(iso, now)).toBe(expected);
  });
});
