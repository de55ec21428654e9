import fc from "fast-check";
import { expect, it } from "vitest";
import { parseInstant } from "../../../src/commands/instant.ts";

const NOW = new Date("2026-03-01T12:00:00.000Z");
const parse = (text: string) => parseInstant(text, "--since", NOW);

it("reads how long ago something was", () => {
  expect(parse("1h")).toBe("2026-03-01T11:00:00.000Z");
  expect(parse("1d12h")).toBe("2026-02-28T00:00:00.000Z");
});

it("reads ISO 8601, in UTC where it does not say otherwise", () => {
  expect(parse("2026-01-31")).toBe("2026-01-31T00:00:00.000Z");
  expect(parse("2026-01-31T08:30")).toBe("2026-01-31T08:30:00.000Z");
  expect(parse("2026-01-31 08:30:15.5Z")).toBe("2026-01-31T08:30:15.500Z");
  expect(parse("2026-01-31T08:30+02:00")).toBe("2026-01-31T06:30:00.000Z");
});

it.each(["", "yesterday", "2026", "90", "2026-13-01", "2026-01-31T25:00", "1 h", "-1h"])(
  "refuses %j, naming the option",
  (text) => {
    expect(() => parse(text)).toThrow(/--since/);
  },
);

it("takes every instant that it prints", () => {
  const date = fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(date, (at) => {
      expect(parse(at.toISOString())).toBe(at.toISOString());
    }),
  );
});
