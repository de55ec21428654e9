import { expect, test } from "vitest";
import { VisitorLimit } from "../../../../../src/server/container/ingress/visitor-limit.ts";

test("lets a burst of two seconds through, then the rate", () => {
  let now = 0;
  const limit = new VisitorLimit(() => now);
  const passed = () =>
    Array.from({ length: 50 }, () => limit.take("p", "1.1.1.1", 10)).filter((wait) => wait === 0);
  expect(passed()).toHaveLength(20);
  expect(limit.take("p", "1.1.1.1", 10)).toBe(1);
  now += 500;
  expect(passed()).toHaveLength(5);
  now += 3_600_000;
  expect(passed()).toHaveLength(20);
});

test("counts addresses and plugins apart", () => {
  const limit = new VisitorLimit(() => 0);
  expect([limit.take("p", "a", 0.5), limit.take("p", "a", 0.5)]).toEqual([0, 2]);
  expect([limit.take("p", "b", 0.5), limit.take("q", "a", 0.5)]).toEqual([0, 0]);
});
