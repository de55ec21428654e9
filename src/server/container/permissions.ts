import type { FastifyRequest } from "fastify";
import type { TokenGrants } from "../../core/marketplace/plan.ts";
import type { Permission } from "../../core/permissions.ts";
import { originOf } from "../http/origin.ts";
import { Problem } from "../http/problem.ts";
import type { Identity, Principal } from "../identity/identity.ts";
import type { ServerContext } from "../module.ts";

/** Thinger's names of what can be done with plugins, and the permission that each needs here (docs/thinger-api.md). */
export const OPERATIONS = {
  ListPlugins: "read",
  ReadPluginInfo: "read",
  ReadPluginFiles: "read",
  ListPluginProperties: "read",
  ReadPluginProperty: "read",
  ClonePluginPropertyConfig: "read",
  ManagePluginState: "deploy",
  CreatePluginProperty: "deploy",
  UpdatePluginProperty: "deploy",
  DeletePluginProperty: "deploy",
  ClonePluginProperty: "deploy",
  RunPluginCommand: "deploy",
  ReadPluginLogs: "deploy",
  RunPluginShell: "deploy",
  CallPluginEndpoint: "deploy",
  ListProxies: "read",
  ReadProxy: "read",
  CreateProxy: "admin",
  UpdateProxy: "admin",
  DeleteProxy: "admin",
} as const satisfies Record<string, Permission>;

export type Operation = keyof typeof OPERATIONS;

/** Whose plugin; without a name all of the user's. */
export interface PluginScope {
  user: string;
  plugin?: string | undefined;
}

/** True when a token that a plugin was given names the operation: exactly, or by a leading part and `*`. */
export function grantsAllow(grants: TokenGrants, operation: Operation, plugin: string | undefined): boolean {
  return ["Plugin", "*"].some((type) => {
    const byResource = grants[type] ?? {};
    const actions = [byResource["*"], plugin === undefined ? undefined : byResource[plugin]];
    return actions.some(
      (allowed) =>
        allowed === "*" ||
        allowed?.some((action) =>
          action.endsWith("*") ? operation.startsWith(action.slice(0, -1)) : action === operation,
        ),
    );
  });
}

type IsShared = (owner: { user: string; plugin: string }, userId: string) => Promise<boolean>;

/** What callers may do with whose plugins. */
export class PluginRights {
  readonly #identity: Identity;
  readonly #audit: ServerContext["audit"];
  readonly #grantsOf: (tokenId: string) => TokenGrants | undefined;
  readonly #isShared: IsShared;

  /**
   * @param grantsOf what a token allows that was made for a plugin; undefined for every other token.
   * @param isShared whether the plugin's owner lets the user visit it.
   */
  constructor(
    { identity, audit }: Pick<ServerContext, "identity" | "audit">,
    grantsOf: (tokenId: string) => TokenGrants | undefined,
    isShared: IsShared,
  ) {
    this.#identity = identity;
    this.#audit = audit;
    this.#grantsOf = grantsOf;
    this.#isShared = isShared;
  }

  /**
   * One's own plugins with the operation's permission, those of others as an administrator; plugins that are shared may be
   * visited by whoever may read at all. The token of a plugin
   * reaches only plugins of the same user, for what its marketplace entry asked for.
   */
  async allows(principal: Principal, operation: Operation, { user, plugin }: PluginScope): Promise<boolean> {
    const grants = principal.tokenId === null ? undefined : this.#grantsOf(principal.tokenId);
    if (grants !== undefined) return principal.login === user && grantsAllow(grants, operation, plugin);
    const scope = plugin === undefined ? {} : { plugin };
    if (
      operation === "CallPluginEndpoint" &&
      plugin !== undefined &&
      principal.login !== user &&
      (await this.#isShared({ user, plugin }, principal.userId))
    ) {
      return this.#identity.allows(principal, "read", scope);
    }
    if (!(await this.#identity.allows(principal, OPERATIONS[operation], scope))) return false;
    return principal.login === user || this.#identity.allows(principal, "admin");
  }

  /** The caller. @throws Problem 401; 403 (audited) when it may not. */
  async authorize(request: FastifyRequest, operation: Operation, scope: PluginScope): Promise<Principal> {
    const principal = await this.#identity.require(request);
    await this.check(request, principal, operation, scope);
    return principal;
  }

  /** @throws Problem 403, audited. */
  async check(
    request: FastifyRequest,
    principal: Principal,
    operation: Operation,
    scope: PluginScope,
  ): Promise<void> {
    if (await this.allows(principal, operation, scope)) return;
    const resource = `plugin:${scope.user}/${scope.plugin ?? "*"}`;
    await this.#audit.record({
      actor: principal,
      action: `authorize.${operation}`,
      resource,
      outcome: "denied",
      ...originOf(request),
    });
    throw new Problem(403, "scope_missing", `${principal.login} lacks ${operation} for ${resource}`);
  }
}
