import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import type { AuditEntry } from "../../../../src/server/events/audit.ts";
import { makeServerContext } from "../../../helpers/server-context.ts";

const alice = { userId: "u1", login: "alice", tokenId: "tok00001" };
const entry = (fields: Partial<AuditEntry> = {}): AuditEntry => ({
  actor: alice,
  action: "plugin.publish",
  resource: "plugin:orders@1.0.0",
  outcome: "ok",
  ip: "127.0.0.1",
  requestId: "r1",
  ...fields,
});

describe("the audit log", () => {
  it("gives back what was recorded, newest first", async () => {
    const { audit } = await makeServerContext({ now: () => new Date("2026-01-02T03:04:05Z") });
    await audit.record(entry({ provider: "acme", detail: { size: 3 } }));
    await audit.record(entry({ actor: null, action: "login" }));
    await audit.record(entry({ actor: null, ip: null, action: "server.start" }));
    const rows = await audit.query({ limit: 10 });
    expect(rows.map((row) => [row.seq, row.actor, row.action])).toEqual([
      [3, "system", "server.start"],
      [2, "anonymous", "login"],
      [1, "alice", "plugin.publish"],
    ]);
    expect(rows[2]).toEqual({
      seq: 1,
      at: "2026-01-02T03:04:05.000Z",
      actor: "alice",
      tokenId: "tok00001",
      action: "plugin.publish",
      resource: "plugin:orders@1.0.0",
      provider: "acme",
      outcome: "ok",
      ip: "127.0.0.1",
      requestId: "r1",
      detail: { size: 3 },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("filters by every field and pages backwards", async () => {
    let time = Date.parse("2026-01-01T00:00:00Z");
    const { audit } = await makeServerContext({
      now: () => {
        time += 1000;
        return new Date(time);
      },
    });
    for (const action of ["user.create", "user.delete", "users", "plugin.publish"]) {
      await audit.record(entry({ action }));
    }
    await audit.record(
      entry({ actor: null, resource: "provider:acme", provider: "acme", outcome: "denied" }),
    );
    const seqs = async (query: object) => (await audit.query({ limit: 10, ...query })).map((row) => row.seq);
    expect(await seqs({ action: "user." })).toEqual([2, 1]);
    expect(await seqs({ action: "user" })).toEqual([]);
    expect(await seqs({ action: "users" })).toEqual([3]);
    expect(await seqs({ actor: "anonymous" })).toEqual([5]);
    expect(await seqs({ resource: "provider:acme" })).toEqual([5]);
    expect(await seqs({ providers: ["acme", "other"] })).toEqual([5]);
    expect(await seqs({ providers: [] })).toEqual([]);
    expect(await seqs({ outcome: "denied" })).toEqual([5]);
    expect(await seqs({ before: 3 })).toEqual([2, 1]);
    expect(await seqs({ limit: 2 })).toEqual([5, 4]);
    const [, second] = (await audit.query({ limit: 10 })).toReversed();
    const since = new Date(second?.at ?? 0);
    expect(await seqs({ since })).toEqual([5, 4, 3, 2]);
    expect(await seqs({ until: since })).toEqual([1]);
  });

  it("chains rows that arrive at once without a gap", async () => {
    const { audit } = await makeServerContext();
    await Promise.all(Array.from({ length: 50 }, (_, i) => audit.record(entry({ detail: { i } }))));
    expect(await audit.verify()).toEqual({ ok: true, rows: 50, brokenAt: null });
  });

  it("drops the row with the transaction that it belongs to", async () => {
    const { audit, database } = await makeServerContext();
    const change = database.transaction().execute(async (trx) => {
      await audit.record(entry(), trx);
      throw new Error("no change after all");
    });
    await expect(change).rejects.toThrow("no change after all");
    expect(await audit.query({ limit: 10 })).toEqual([]);
  });

  it.each([
    ["altered", sql`UPDATE audit SET actor = 'mallory' WHERE seq = 1005`, 1005],
    ["removed", sql`DELETE FROM audit WHERE seq = 1002`, 1002],
    ["removed at the front", sql`DELETE FROM audit WHERE seq = 1`, 1],
    ["rehashed alone", sql`UPDATE audit SET hash = ${"0".repeat(64)} WHERE seq = 3`, 3],
  ])("finds a row that was %s", async (_what, tamper, brokenAt) => {
    const { audit, database } = await makeServerContext();
    await database.transaction().execute(async (trx) => {
      for (let i = 0; i < 1010; i++) await audit.record(entry({ detail: { i } }), trx);
    });
    expect(await audit.verify()).toEqual({ ok: true, rows: 1010, brokenAt: null });
    await tamper.execute(database);
    expect(await audit.verify()).toEqual({ ok: false, rows: brokenAt - 1, brokenAt });
  });
});
