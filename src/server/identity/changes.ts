import type { FastifyRequest } from "fastify";
import type { Kysely } from "kysely";
import type { AuditLog } from "../events/audit.ts";
import type { EventBus } from "../events/bus.ts";
import { originOf } from "../http/origin.ts";
import { Problem } from "../http/problem.ts";
import type { Principal } from "./identity.ts";
import { ADMIN_ROLE } from "./roles.ts";
import type { IdentityTables } from "./tables.ts";

export type IdentityDatabase = Kysely<IdentityTables>;

export interface Change {
  actor: Principal | null;
  action: string;
  resource: string;
  provider?: string | undefined;
  detail?: Record<string, unknown> | undefined;
}

/**
 * Runs a change in one transaction with its row in the audit log, and tells the event bus when it is durable.
 * @throws what `work` throws; nothing is changed then.
 */
export type ApplyChange = <Result>(
  request: FastifyRequest,
  change: Change,
  work: (trx: IdentityDatabase) => Promise<Result>,
) => Promise<Result>;

export function createApplyChange(db: IdentityDatabase, audit: AuditLog, events: EventBus): ApplyChange {
  return async (request, change, work) => {
    const result = await db.transaction().execute(async (trx) => {
      const done = await work(trx);
      await audit.record({ ...change, outcome: "ok", ...originOf(request) }, trx);
      return done;
    });
    events.publish({ type: change.action, resource: change.resource });
    return result;
  };
}

/** Refuses a change that would leave nobody who can administrate. Call it after the change, in its transaction. */
export async function assertAdminRemains(trx: IdentityDatabase): Promise<void> {
  const admin = await trx
    .selectFrom("membership")
    .innerJoin("user", "user.id", "membership.user_id")
    .select("user.id")
    .where("membership.role", "=", ADMIN_ROLE)
    .where("membership.provider_id", "is", null)
    .where("user.state", "=", "active")
    .limit(1)
    .executeTakeFirst();
  if (admin === undefined) {
    throw new Problem(409, "last_admin", "this is the last active administrator; make another one first");
  }
}

/** True for the database's refusal of a second row with the same key. */
export const isDuplicate = (error: unknown) => sqliteCode(error) === 1555 || sqliteCode(error) === 2067;

/** True for the database's refusal to remove what another row refers to. */
export const isReferenced = (error: unknown) => sqliteCode(error) === 787 || sqliteCode(error) === 1811;

/** SQLite's extended result code (sqlite.org/rescode.html). */
const sqliteCode = (error: unknown) =>
  error instanceof Error && "errcode" in error ? error.errcode : undefined;
