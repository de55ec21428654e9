import type { FastifyRequest } from "fastify";
import type { Kysely } from "kysely";
import type { Permission } from "../../core/permissions.ts";
import type { AuditLog } from "../events/audit.ts";
import { originOf } from "../http/origin.ts";
import { Problem } from "../http/problem.ts";
import type { Authenticator, Caller } from "./authenticator.ts";
import type { FailureAudit } from "./failure-audit.ts";
import type { Identity, Principal, Scope } from "./identity.ts";
import { EVERYTHING, effectiveGrants, type Rights, rightsAllow } from "./rights.ts";
import type { IdentityTables } from "./tables.ts";

const NO_RIGHTS: Rights = { grants: [], limits: null };

/** What the frame's own routes need beside the contract that modules see. */
export interface IdentityService extends Identity {
  /** The caller with roles and rights. @throws Problem 401 when there is none. */
  caller(request: FastifyRequest): Promise<Caller>;
  /** Audits a denial. Returns the answer to throw. */
  deny(request: FastifyRequest, what: Denial): Promise<Problem>;
}

export interface Denial {
  actor: Principal;
  action: string;
  resource: string;
  provider?: string | undefined;
  code: string;
  detail: string;
}

export interface IdentityDependencies {
  db: Kysely<IdentityTables>;
  audit: AuditLog;
  authenticator: Authenticator;
  failures: FailureAudit;
}

const scopeName = ({ provider, plugin }: Scope) =>
  plugin === undefined ? (provider === undefined ? "server" : `provider:${provider}`) : `plugin:${plugin}`;

/** `not_owner` when the caller has the permission, but for something else; `scope_missing` when not at all. */
function denialCode({ grants, limits }: Rights, permission: Permission): string {
  const held = grants.some((grant) => grant.permission === permission);
  return held && (limits === null || limits.scopes.includes(permission)) ? "not_owner" : "scope_missing";
}

export function createIdentityService(dependencies: IdentityDependencies): IdentityService {
  const { db, audit, authenticator, failures } = dependencies;
  const byRequest = new WeakMap<FastifyRequest, Promise<Caller | null>>();
  const byPrincipal = new WeakMap<Principal, Rights>();

  async function identify(request: FastifyRequest): Promise<Caller | null> {
    try {
      const caller = await authenticator.authenticate(request);
      if (caller) byPrincipal.set(caller.principal, caller.rights);
      return caller;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        const { code } = error;
        await failures.record(originOf(request), { code, route: request.routeOptions.url ?? null });
      }
      throw error;
    }
  }

  function findCaller(request: FastifyRequest): Promise<Caller | null> {
    let caller = byRequest.get(request);
    if (caller === undefined) {
      caller = identify(request);
      byRequest.set(request, caller);
    }
    return caller;
  }

  const rightsOf = async (principal: Principal) =>
    byPrincipal.get(principal) ?? (await authenticator.load(principal)) ?? NO_RIGHTS;

  async function caller(request: FastifyRequest): Promise<Caller> {
    const found = await findCaller(request);
    if (found) return found;
    throw new Problem(401, "auth_required", "a token or a login is needed", {
      headers: { "www-authenticate": "Bearer" },
    });
  }

  async function deny(request: FastifyRequest, { code, detail, ...what }: Denial): Promise<Problem> {
    await audit.record({ ...what, outcome: "denied", ...originOf(request), detail: { code } });
    return new Problem(403, code, detail);
  }

  return {
    caller,
    deny,
    authenticate: async (request) => (await findCaller(request))?.principal ?? null,
    async holderOf(token, ip) {
      const found = await authenticator.authenticateToken(token, ip).catch((error: unknown) => {
        if (error instanceof Problem && error.status === 401) return null;
        throw error;
      });
      if (found === null) return null;
      const { principal, rights, roles, expiresAt } = found;
      byPrincipal.set(principal, rights);
      const isServerWide = roles.some((role) => role.provider === null);
      const granted = new Set(effectiveGrants(rights).map((grant) => grant.permission));
      return {
        principal,
        expiresAt,
        provider: isServerWide ? null : (roles[0]?.provider ?? null),
        permissions: [...granted],
      };
    },
    require: async (request) => (await caller(request)).principal,
    allows: async (principal, permission, scope) => rightsAllow(await rightsOf(principal), permission, scope),
    async authorize(request, permission, scope = {}) {
      const { principal, rights } = await caller(request);
      if (rightsAllow(rights, permission, scope)) return principal;
      throw await deny(request, {
        actor: principal,
        action: `authorize.${permission}`,
        resource: scopeName(scope),
        provider: scope.provider,
        code: denialCode(rights, permission),
        detail: `${principal.login} lacks the permission "${permission}" for ${scopeName(scope)}`,
      });
    },
    async providersFor(principal, permission) {
      const rights = await rightsOf(principal);
      const providers = await db.selectFrom("provider").select("id").orderBy("id").execute();
      return providers.map((row) => row.id).filter((id) => reachesInto(rights, permission, id));
    },
  };
}

/** True when the permission holds for the whole provider, or (a token for certain plugins) perhaps for some of it. */
function reachesInto({ grants, limits }: Rights, permission: Permission, provider: string): boolean {
  if (!rightsAllow({ grants, limits: null }, permission, { provider })) return false;
  if (limits === null) return true;
  const somePlugins = limits.resources.some((resource) => resource.startsWith("plugin:"));
  const widened = somePlugins ? { scopes: limits.scopes, resources: [EVERYTHING] } : limits;
  return rightsAllow({ grants, limits: widened }, permission, { provider });
}
