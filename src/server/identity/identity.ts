import type { FastifyRequest } from "fastify";
import type { Permission } from "../../core/permissions.ts";

/** Who a request comes from, after its credential was checked. */
export interface Principal {
  userId: string;
  login: string;
  /** Set when a token was used. */
  tokenId: string | null;
}

/** What a permission is asked for: everything of a provider, or one plugin of it; omitted = server-wide. */
export interface Scope {
  provider?: string;
  plugin?: string;
}

/** Who a token belongs to. */
export interface TokenHolder {
  principal: Principal;
  /** ISO 8601; null for what does not end. */
  expiresAt: string | null;
  /** The provider that the holder belongs to; null for somebody with a role on the whole server, or with none at all. */
  provider: string | null;
  /** What the token allows somewhere. */
  permissions: readonly Permission[];
}

export interface Identity {
  /** The caller, or null when the request carries no credential. @throws Problem 401 when it carries a bad one. */
  authenticate(request: FastifyRequest): Promise<Principal | null>;
  /** The holder of a token that came otherwise than as the request's credential; null when it is not good. */
  holderOf(token: string, ip: string): Promise<TokenHolder | null>;
  /** The caller. @throws Problem 401 when there is none. */
  require(request: FastifyRequest): Promise<Principal>;
  /**
   * True when the caller's roles (server-wide or in that provider) give the permission, and, where a token was
   * used, its permissions and resources do too.
   */
  allows(principal: Principal, permission: Permission, scope?: Scope): Promise<boolean>;
  /** @throws Problem 403 (audited as denied) when `allows` is false. */
  authorize(request: FastifyRequest, permission: Permission, scope?: Scope): Promise<Principal>;
  /** Providers in which the caller has the permission. */
  providersFor(principal: Principal, permission: Permission): Promise<string[]>;
}
