import { describe, expect, it } from "vitest";
import { Problem } from "../../../../src/server/http/problem.ts";
import { createLoginThrottle } from "../../../../src/server/identity/throttle.ts";

function setUp() {
  let time = Date.parse("2026-01-01T00:00:00Z");
  const throttle = createLoginThrottle(() => new Date(time));
  const attempt = (login = "alice", address = "192.0.2.1") => {
    try {
      throttle.begin(login, address);
      return "tried";
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      expect(error.status).toBe(429);
      return Number(error.headers["retry-after"]);
    }
  };
  return {
    throttle,
    attempt,
    wait: (seconds: number) => {
      time += seconds * 1000;
    },
  };
}

describe("the login throttle", () => {
  it("lets five attempts through, then doubles the wait up to a quarter of an hour", () => {
    const { attempt, wait } = setUp();
    expect(Array.from({ length: 5 }, () => attempt())).toEqual(Array(5).fill("tried"));
    const waits = [];
    for (let i = 0; i < 7; i++) {
      const seconds = attempt();
      waits.push(seconds);
      wait(Number(seconds));
      expect(attempt()).toBe("tried");
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900]);
  });

  it("counts attempts that run at the same time", () => {
    const { attempt } = setUp();
    const tried = Array.from({ length: 100 }, () => attempt()).filter((result) => result === "tried");
    expect(tried).toHaveLength(5);
  });

  it("keeps logins and addresses apart, but stops one address that tries many logins", () => {
    const { attempt } = setUp();
    for (let i = 0; i < 5; i++) attempt();
    expect(attempt()).toBe(30);
    expect(attempt("bob")).toBe("tried");
    expect(attempt("alice", "192.0.2.2")).toBe("tried");
    const tried = Array.from({ length: 100 }, (_, i) => attempt(`user${i}`)).filter(
      (result) => result === "tried",
    );
    expect(tried).toHaveLength(44);
    expect(attempt("carol", "192.0.2.2")).toBe("tried");
  });

  it("forgets the failures of a login that succeeded, and of one that rested", () => {
    const { throttle, attempt, wait } = setUp();
    for (let i = 0; i < 4; i++) attempt();
    throttle.succeeded("alice", "192.0.2.1");
    for (let i = 0; i < 5; i++) expect(attempt()).toBe("tried");
    expect(attempt()).toBe(30);
    wait(30 + 15 * 60 + 1);
    for (let i = 0; i < 5; i++) expect(attempt()).toBe("tried");
  });

  it("does not let one good login wipe out what was tried on others", () => {
    const { throttle, attempt } = setUp();
    let tried = 0;
    for (let i = 0; i < 200; i++) {
      if (attempt(`user${i}`) === "tried") tried++;
      if (attempt("mallory") === "tried") throttle.succeeded("mallory", "192.0.2.1");
    }
    expect(tried).toBeLessThanOrEqual(50);
  });
});
