import type { ErrorCode } from "./protocol/errors.ts";

/** Who a connection speaks for. */
export interface Principal {
  /** Unique among the server's users; a quota and the log go by it. */
  readonly name: string;
}

/** What is known of a connection before anything was said on it. */
export interface Peer {
  readonly address: string;
  /** Name of the listener that accepted it. */
  readonly listener: string;
  /** Whether the connection is inside TLS. */
  readonly encrypted: boolean;
}

/** The answer to one token of a SASL exchange. */
export interface AuthenticationStep {
  readonly errorCode: ErrorCode;
  /** For the client; null without an error. Never says whether a user exists. */
  readonly errorMessage: string | null;
  readonly token: Buffer;
  /** Milliseconds until the client has to authenticate again; 0 = never. */
  readonly sessionLifetimeMs: number;
}

/** One connection's way to its principal. */
export interface AuthenticationSession {
  /** Undefined until the exchange is complete; until then a connection may only authenticate. */
  readonly principal: Principal | undefined;
  /** When the connection has to end unless the client authenticates anew, in milliseconds since 1970; Infinity = never. */
  readonly endsAt: number;
  /** The next frame is a bare token without a request header, as after version 0 of SaslHandshake. */
  readonly expectsRawToken: boolean;
  /** @returns NONE, UNSUPPORTED_SASL_MECHANISM or ILLEGAL_SASL_STATE, with the mechanisms on offer. */
  handshake(mechanism: string, apiVersion: number): { errorCode: ErrorCode; mechanisms: readonly string[] };
  authenticate(token: Buffer): Promise<AuthenticationStep>;
  /** The connection is gone. */
  close(): void;
}

/** Decides who a connection speaks for. */
export interface Authenticator {
  open(peer: Peer): AuthenticationSession;
}

export type Operation =
  | "read"
  | "write"
  | "create"
  | "delete"
  | "alter"
  | "describe"
  | "describeConfigs"
  | "alterConfigs"
  | "idempotentWrite";

export interface Resource {
  readonly type: "topic" | "group" | "cluster" | "transactionalId";
  /** For the cluster always `kafka-cluster`. */
  readonly name: string;
}

/** Decides what a principal may do. */
export interface Authorizer {
  authorize(principal: Principal, operation: Operation, resource: Resource): boolean;
}

/** Counts what principals send and fetch. */
export interface Quotas {
  /**
   * Takes note of bytes that came or go.
   * @returns milliseconds for which the connection is not read, which the client is told too; 0 = within the quota.
   */
  record(kind: "produce" | "fetch", principal: Principal, clientId: string | null, bytes: number): number;
  /** Most bytes of records to put into one answer, so that the wait for it stays short. */
  fetchLimit(principal: Principal, clientId: string | null): number;
}

/** A change that somebody made or was refused by means of the admin APIs. */
export interface AdminChange {
  readonly principal: Principal;
  /** Where the request came from. */
  readonly address: string;
  readonly action:
    | "topic.create"
    | "topic.delete"
    | "topic.grow"
    | "topic.configure"
    | "records.delete"
    | "group.delete"
    | "group.forget";
  readonly resource: Resource;
  readonly outcome: "ok" | "denied";
}

/** Is told of changes after they were made. */
export interface Auditor {
  record(change: AdminChange): void;
}

const ANONYMOUS: Principal = { name: "ANONYMOUS" };

/** Everybody is anonymous, and at once. */
export const noAuthentication: Authenticator = {
  open: () => ({
    principal: ANONYMOUS,
    endsAt: Number.POSITIVE_INFINITY,
    expectsRawToken: false,
    handshake: () => ({ errorCode: 34, mechanisms: [] }),
    authenticate: async () => ({
      errorCode: 34,
      errorMessage: "this listener has no authentication",
      token: Buffer.alloc(0),
      sessionLifetimeMs: 0,
    }),
    close: () => {},
  }),
};

/** Everybody may do everything. */
export const allowEverything: Authorizer = { authorize: () => true };

export const noQuotas: Quotas = { record: () => 0, fetchLimit: () => Number.POSITIVE_INFINITY };

export const noAudit: Auditor = { record: () => {} };

/** Numbers of operations in the bit fields of Metadata and DescribeCluster. */
const OPERATION_BITS: readonly (readonly [Operation, number])[] = [
  ["read", 3],
  ["write", 4],
  ["create", 5],
  ["delete", 6],
  ["alter", 7],
  ["describe", 8],
  ["describeConfigs", 10],
  ["alterConfigs", 11],
  ["idempotentWrite", 12],
];

const OF_TYPE: Record<Resource["type"], ReadonlySet<Operation>> = {
  topic: new Set([
    "read",
    "write",
    "create",
    "delete",
    "alter",
    "describe",
    "describeConfigs",
    "alterConfigs",
  ]),
  group: new Set(["read", "delete", "describe"]),
  cluster: new Set(["create", "alter", "describe", "describeConfigs", "alterConfigs", "idempotentWrite"]),
  transactionalId: new Set(["describe", "write"]),
};

/** The operations that a principal may do on a resource, as the bit field in which the protocol tells them. */
export function authorizedOperations(
  authorizer: Authorizer,
  principal: Principal,
  resource: Resource,
): number {
  return OPERATION_BITS.filter(
    ([operation]) =>
      OF_TYPE[resource.type].has(operation) && authorizer.authorize(principal, operation, resource),
  ).reduce((bits, [, bit]) => bits | (1 << bit), 0);
}
