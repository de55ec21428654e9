import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GroupHarness } from "./group-harness.ts";
import { SimulatedConsumer } from "./simulated-consumer.ts";

const SESSION = 10_000;
const REBALANCE = 15_000;
const PARTITIONS = 6;
/** Heartbeats tell of a rebalance, and a few messages travel. */
const SLACK = 4_000;

const step = fc.record({
  kind: fc.constantFrom(
    "start",
    "start",
    "start-static",
    "crash",
    "vanish",
    "leave",
    "restart-static",
    "wait",
  ),
  which: fc.nat(20),
  pause: fc.integer({ min: 0, max: 12_000 }),
});

describe("a group of consumers that come, go, crash and come back", () => {
  it("never gives a partition to two of one generation, and settles within rebalance and session timeout", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const at = new GroupHarness();
        const owners = new Map<string, string>();
        const consumers: SimulatedConsumer[] = [];
        const start = (instanceId: string | null) => {
          consumers.push(
            new SimulatedConsumer({
              group: at.group,
              instanceId,
              sessionTimeout: SESSION,
              rebalanceTimeout: REBALANCE,
              partitions: PARTITIONS,
              onAssigned(owner, generation, partitions) {
                for (const partition of partitions) {
                  const key = `${generation}/${partition}`;
                  expect(owners.get(key) ?? owner).toBe(owner);
                  owners.set(key, owner);
                }
              },
            }),
          );
        };
        let instances = 0;
        const take = (kind: string, which: number) => {
          const alive = consumers.filter((consumer) => consumer.alive);
          const one = alive[which % Math.max(1, alive.length)];
          if (kind === "start") start(null);
          else if (kind === "start-static") start(`instance-${instances++}`);
          else if (kind === "crash") one?.crash({ closes: true });
          else if (kind === "vanish") one?.crash({ closes: false });
          else if (kind === "leave") one?.leave();
          else if (kind === "restart-static" && one?.instanceId != null) {
            // As likely as not the one before it still runs, and is fenced.
            if (which % 2 === 0) one.crash({ closes: true });
            start(one.instanceId);
          }
        };
        for (const { kind, which, pause } of steps) {
          take(kind, which);
          at.clock.advance(pause);
        }

        at.clock.advance(REBALANCE + SESSION + SLACK);
        const alive = consumers.filter((consumer) => consumer.alive);
        expect(at.group.members.size).toBe(alive.length);
        expect(at.group.state).toBe(alive.length > 0 ? "Stable" : "Empty");
        expect(new Set(alive.map(({ generation }) => generation)).size).toBeLessThanOrEqual(1);
        const owned = alive.flatMap(({ owned }) => owned).sort((a, b) => a - b);
        expect(owned).toEqual(alive.length > 0 ? [0, 1, 2, 3, 4, 5] : []);
        const generations = at.saved.map(({ id }) => id);
        expect(generations).toEqual([...new Set(generations)].sort((a, b) => a - b));

        for (const consumer of alive) consumer.leave();
        at.clock.advance(REBALANCE + SESSION);
        expect([at.group.state, at.clock.pending]).toEqual(["Empty", 0]);
      }),
      { numRuns: 500 },
    );
  });
});
