import type { Principal } from "../identity/identity.ts";

/** What one change was: who, what, on what, from where, with which result. Never holds a secret. */
export interface AuditEntry {
  actor: Principal | null;
  /** Dotted: `plugin.publish`, `user.create`, `login`. */
  action: string;
  /** `plugin:orders@1.0.0`, `user:alice`. */
  resource: string;
  outcome: "ok" | "denied" | "failed";
  ip: string | null;
  requestId: string | null;
  detail?: Record<string, unknown>;
}

export interface AuditRecord {
  seq: number;
  /** ISO 8601, UTC. */
  at: string;
  actor: string;
  tokenId: string | null;
  action: string;
  resource: string;
  outcome: string;
  ip: string | null;
  requestId: string | null;
  detail: Record<string, unknown>;
  /** sha256 over the previous hash and this row: a removed or altered row breaks the chain. */
  hash: string;
}

export interface AuditQuery {
  actor?: string;
  /** Exact, or a prefix that ends in `.`. */
  action?: string;
  resource?: string;
  outcome?: string;
  since?: Date;
  until?: Date;
  /** Only rows with a smaller sequence number (paging backwards). */
  before?: number;
  limit: number;
}

export interface AuditLog {
  /** Resolves when the row is durable. */
  record(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  query(query: AuditQuery): Promise<AuditRecord[]>;
  /** Walks the whole chain. */
  verify(): Promise<{ ok: boolean; rows: number; brokenAt: number | null }>;
}
