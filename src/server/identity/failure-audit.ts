import { LRUCache } from "lru-cache";
import type { AuditLog } from "../events/audit.ts";

/** One address fills at most one row of the audit log in this time with credentials that nobody issued. */
const INTERVAL_MS = 60_000;

/** Puts refused credentials on record without letting whoever sends them fill the disk. */
export interface FailureAudit {
  record(origin: { ip: string; requestId: string | null }, detail: Record<string, unknown>): Promise<void>;
}

export function createFailureAudit(audit: AuditLog): FailureAudit {
  const recorded = new LRUCache<string, true>({ max: 1000, ttl: INTERVAL_MS });
  return {
    async record(origin, detail) {
      if (recorded.has(origin.ip)) return;
      recorded.set(origin.ip, true);
      const entry = { actor: null, action: "authenticate", resource: "server", outcome: "denied" as const };
      await audit.record({ ...entry, ...origin, detail });
    },
  };
}
