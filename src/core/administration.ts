import type { ProgressEvent } from "./progress.ts";

/** Users, roles, providers, tokens, audit log and upkeep of a plugctl server. Field names as on the wire. */
export interface Administration {
  users: {
    list(): Promise<User[]>;
    get(login: string): Promise<User>;
    create(user: {
      login: string;
      name?: string | undefined;
      password: string;
      roles?: RoleGrant[] | undefined;
    }): Promise<User>;
    update(login: string, change: UserChange): Promise<User>;
    /** Changes one's own password, which a token alone may not: the present one proves who asks. */
    changeOwnPassword(login: string, passwords: { present: string; wanted: string }): Promise<void>;
    remove(login: string): Promise<void>;
    grant(login: string, grant: RoleGrant): Promise<User>;
    revoke(login: string, grant: RoleGrant): Promise<User>;
  };
  roles: {
    list(): Promise<Role[]>;
    get(id: string): Promise<Role>;
    create(role: { id: string; description?: string | undefined; permissions: string[] }): Promise<Role>;
    update(
      id: string,
      change: { description?: string | undefined; permissions?: string[] | undefined },
    ): Promise<Role>;
    remove(id: string): Promise<void>;
  };
  providers: {
    list(): Promise<Provider[]>;
    get(id: string): Promise<Provider>;
    create(provider: { id: string; name?: string | undefined }): Promise<Provider>;
    update(id: string, change: { name: string | null }): Promise<Provider>;
    remove(id: string): Promise<void>;
  };
  tokens: {
    /** Newest first: those of a user, of all users (`*`), or one's own. */
    list(user?: string): Promise<Token[]>;
    create(request: TokenRequest): Promise<IssuedToken>;
    revoke(id: string): Promise<void>;
  };
  audit: {
    query(query: AuditQuery): Promise<AuditItem[]>;
    verify(): Promise<{ ok: boolean; rows: number; brokenAt: number | null }>;
  };
  server: {
    status(): Promise<ServerStatus>;
    /** The archive as a stream of bytes. */
    backup(): Promise<AsyncIterable<Uint8Array>>;
    /** Starts the removal of unreferenced data; follow it with `operations.events`. */
    gc(): Promise<Operation>;
    rotateKeys(): Promise<{ kid: string }>;
  };
  operations: {
    get(id: string): Promise<Operation>;
    /** Progress until the end; the last item is the finished operation. */
    follow(id: string): AsyncIterable<OperationProgress | Operation>;
  };
  /** Live events until the run is interrupted; a lost connection is taken up again where it broke. */
  events(options: {
    /** Only events after this id, as far as the server still holds them. */
    since?: number | undefined;
    /** The connection was lost and will be tried again. */
    onInterruption?: ((error: Error) => void) | undefined;
  }): AsyncIterable<ServerEvent>;
}

export interface RoleGrant {
  role: string;
  /** Null or absent: server-wide. */
  provider?: string | null | undefined;
}

export interface User {
  login: string;
  name: string | null;
  state: string;
  roles: RoleGrant[];
  createdAt: string;
  [field: string]: unknown;
}

export interface UserChange {
  /** Null takes the name away. */
  name?: string | null | undefined;
  password?: string | undefined;
  state?: "active" | "disabled" | undefined;
}

export interface Role {
  id: string;
  description: string | null;
  permissions: string[];
  builtIn: boolean;
  [field: string]: unknown;
}

export interface Provider {
  id: string;
  name: string | null;
  createdAt: string;
  [field: string]: unknown;
}

export interface Token {
  id: string;
  user: string;
  note: string | null;
  scopes: string[];
  resources: string[];
  state: string;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  [field: string]: unknown;
}

export interface TokenRequest {
  note?: string | undefined;
  scopes: string[];
  resources?: string[] | undefined;
  expiresInDays?: number | undefined;
  user?: string | undefined;
}

export interface IssuedToken extends Token {
  /** The secret; shown once. */
  token: string;
}

export interface AuditQuery {
  actor?: string | undefined;
  action?: string | undefined;
  resource?: string | undefined;
  outcome?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  /** At most this many, newest first; the client pages as needed. */
  limit: number;
}

export interface AuditItem {
  seq: number;
  at: string;
  actor: string;
  action: string;
  resource: string;
  outcome: string;
  ip: string | null;
  [field: string]: unknown;
}

export interface ServerStatus {
  version: string;
  startedAt: string;
  uptimeSeconds: number;
  dataDir: string;
  sizeBytes: number;
  modules: Record<string, unknown>;
  counts: Record<string, number>;
  [field: string]: unknown;
}

export interface Operation {
  id: string;
  kind: string;
  resource: string;
  state: string;
  startedAt: string;
  finishedAt: string | null;
  result: unknown;
  error: { code: string; message: string; details?: Record<string, unknown> | undefined } | null;
}

export interface OperationProgress extends ProgressEvent {
  /** From 1, in the operation's order. */
  seq: number;
  at: string;
}

export interface ServerEvent {
  id: number;
  at: string;
  type: string;
  resource: string;
  data: Record<string, unknown>;
}
