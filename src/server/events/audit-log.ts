import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Kysely, Selectable } from "kysely";
import type { Database } from "../storage/database.ts";
import type { AuditEntry, AuditLog, AuditQuery, AuditRecord } from "./audit.ts";
import type { EventTables } from "./tables.ts";

type Row = Selectable<EventTables["audit"]>;

/** What the first row continues. */
const GENESIS = "0".repeat(64);
const VERIFY_PAGE = 1000;

/** sha256 over the previous hash and the row in a fixed order of its fields. */
function chainHash(previous: string, row: Omit<Row, "hash">): string {
  const fields = [
    row.seq,
    row.at,
    row.actor,
    row.token_id,
    row.action,
    row.resource,
    row.provider,
    row.outcome,
    row.ip,
    row.request_id,
    row.detail,
  ];
  return createHash("sha256").update(previous).update(JSON.stringify(fields)).digest("hex");
}

const actorName = (entry: AuditEntry) => entry.actor?.login ?? (entry.ip === null ? "system" : "anonymous");

async function append(db: Kysely<EventTables>, entry: AuditEntry, at: Date): Promise<void> {
  const last = await db
    .selectFrom("audit")
    .select(["seq", "hash"])
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  const row = {
    seq: (last?.seq ?? 0) + 1,
    at: at.toISOString(),
    actor: actorName(entry),
    token_id: entry.actor?.tokenId ?? null,
    action: entry.action,
    resource: entry.resource,
    provider: entry.provider ?? null,
    outcome: entry.outcome,
    ip: entry.ip,
    request_id: entry.requestId,
    detail: JSON.stringify(entry.detail ?? {}),
  };
  const hash = chainHash(last?.hash ?? GENESIS, row);
  await db
    .insertInto("audit")
    .values({ ...row, hash })
    .execute();
}

function find(db: Kysely<EventTables>, query: AuditQuery) {
  let rows = db.selectFrom("audit").selectAll().orderBy("seq", "desc").limit(query.limit);
  if (query.actor !== undefined) rows = rows.where("actor", "=", query.actor);
  if (query.resource !== undefined) rows = rows.where("resource", "=", query.resource);
  if (query.providers !== undefined) rows = rows.where("provider", "in", query.providers);
  if (query.outcome !== undefined) rows = rows.where("outcome", "=", query.outcome);
  if (query.since !== undefined) rows = rows.where("at", ">=", query.since.toISOString());
  if (query.until !== undefined) rows = rows.where("at", "<", query.until.toISOString());
  if (query.before !== undefined) rows = rows.where("seq", "<", query.before);
  if (query.action?.endsWith(".")) {
    // A range rather than LIKE, whose wildcards and case rules differ between databases; "/" follows ".".
    rows = rows.where("action", ">=", query.action).where("action", "<", `${query.action.slice(0, -1)}/`);
  } else if (query.action !== undefined) rows = rows.where("action", "=", query.action);
  return rows.execute();
}

function toRecord(row: Row): AuditRecord {
  const { token_id: tokenId, request_id: requestId, detail, ...same } = row;
  return { ...same, tokenId, requestId, detail: JSON.parse(detail) };
}

export function createAuditLog(database: Database, now: () => Date): AuditLog {
  const db = database.$extendTables<EventTables>();
  return {
    async record(entry, transaction) {
      if (transaction) await append(transaction as Kysely<EventTables>, entry, now());
      else await db.transaction().execute((own) => append(own, entry, now()));
    },
    async query(query) {
      return (await find(db, query)).map(toRecord);
    },
    async verify() {
      let previous = GENESIS;
      let rows = 0;
      for (;;) {
        const page = await db
          .selectFrom("audit")
          .selectAll()
          .where("seq", ">", rows)
          .orderBy("seq")
          .limit(VERIFY_PAGE)
          .execute();
        for (const { hash, ...row } of page) {
          if (row.seq !== rows + 1 || hash !== chainHash(previous, row)) {
            return { ok: false, rows, brokenAt: rows + 1 };
          }
          previous = hash;
          rows++;
        }
        if (page.length < VERIFY_PAGE) return { ok: true, rows, brokenAt: null };
        // Hashing a long log must not hold requests back.
        await nextTurn();
      }
    },
  };
}
