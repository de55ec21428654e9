import type { Principal } from "../identity/identity.ts";

/** What one change was: who, what, on what, from where, with which result. Never holds a secret. */
export interface AuditEntry {
  actor: Principal | null;
  /** Dotted: `plugin.publish`, `user.create`, `login`. */
  action: string;
  /** `plugin:orders@1.0.0`, `user:alice`. */
  resource: string;
  /** The provider that it concerns; its owners may read the row. */
  provider?: string | undefined;
  outcome: "ok" | "denied" | "failed";
  ip: string | null;
  requestId: string | null;
  detail?: Record<string, unknown> | undefined;
}

export interface AuditRecord {
  seq: number;
  /** ISO 8601, UTC. */
  at: string;
  /** A login, `anonymous`, or `system` for what the server did by itself. */
  actor: string;
  tokenId: string | null;
  action: string;
  resource: string;
  provider: string | null;
  outcome: string;
  ip: string | null;
  requestId: string | null;
  detail: Record<string, unknown>;
  /** sha256 over the previous hash and this row: a removed or altered row breaks the chain. */
  hash: string;
}

export interface AuditQuery {
  actor?: string | undefined;
  /** Exact, or a prefix that ends in `.`. */
  action?: string | undefined;
  resource?: string | undefined;
  /** Only rows that concern one of these providers. */
  providers?: readonly string[] | undefined;
  outcome?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
  /** Only rows with a smaller sequence number (paging backwards). */
  before?: number | undefined;
  limit: number;
}

/** A kysely transaction, whichever tables its type names: those of the audit log are in the same database. */
export interface AnyTransaction {
  readonly isTransaction: boolean;
}

export interface AuditLog {
  /**
   * Resolves when the row is durable. With the transaction of the change itself, the row stands or falls with it
   * (and inside a transaction it must be given: see `openDatabase`).
   */
  record(entry: AuditEntry, transaction?: AnyTransaction): Promise<void>;
  /** Newest first. */
  query(query: AuditQuery): Promise<AuditRecord[]>;
  /** Walks the whole chain. */
  verify(): Promise<{ ok: boolean; rows: number; brokenAt: number | null }>;
}
