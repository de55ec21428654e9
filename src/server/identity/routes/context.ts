import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Frame } from "../../frame.ts";
import { type ApplyChange, createApplyChange, type IdentityDatabase } from "../changes.ts";
import type { IdentityTables } from "../tables.ts";

/** What every route of this folder works with. */
export interface RouteContext {
  frame: Frame;
  db: IdentityDatabase;
  apply: ApplyChange;
  now: () => Date;
}

export function createRouteContext(frame: Frame): RouteContext {
  const { database, audit, events, now } = frame.context;
  const db = database.$extendTables<IdentityTables>();
  return { frame, db, apply: createApplyChange(db, audit, events), now };
}

export const typed = (app: FastifyInstance) => app.withTypeProvider<ZodTypeProvider>();
