import type { Permission } from "../../core/permissions.ts";
import type { Scope } from "./identity.ts";

/** What somebody may do: a permission, in one provider or (null) everywhere. */
export interface Grant {
  permission: Permission;
  provider: string | null;
}

/** What a token narrows its user's grants down to. */
export interface TokenLimits {
  scopes: readonly Permission[];
  /** `*`, `provider:<id>`, `plugin:<glob>`. */
  resources: readonly string[];
}

export interface Rights {
  grants: readonly Grant[];
  limits: TokenLimits | null;
}

export const EVERYTHING = "*";

/** A pattern of `*` (any run of characters) and literal characters. */
export function matchesGlob(glob: string, text: string): boolean {
  const [head = "", ...rest] = glob.split("*");
  const tail = rest.pop();
  if (tail === undefined) return glob === text;
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  let from = head.length;
  const end = text.length - tail.length;
  // The leftmost place of each part leaves the most room for the next, so no backtracking is needed.
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}

/** True when a token with `resource` reaches all that `wanted` names. */
function resourceCovers(resource: string, wanted: string): boolean {
  if (resource === EVERYTHING || resource === wanted) return true;
  // Read as plain text, a `*` in the wanted glob is matched by a `*` only: so nothing outside is let in.
  return resource.startsWith("plugin:") && wanted.startsWith("plugin:") && matchesGlob(resource, wanted);
}

export const resourcesCover = (resources: readonly string[], wanted: readonly string[]) =>
  wanted.every((want) => resources.some((resource) => resourceCovers(resource, want)));

// Reading is not divided by provider: whoever may read anywhere may read everything.
const grantReaches = (grant: Grant, permission: Permission, provider: string | undefined | null) =>
  grant.permission === permission &&
  (grant.provider === null || permission === "read" || grant.provider === provider);

function limitsReach(limits: TokenLimits, permission: Permission, scope: Scope): boolean {
  if (!limits.scopes.includes(permission)) return false;
  if (permission === "read" || limits.resources.includes(EVERYTHING)) return true;
  const { provider, plugin } = scope;
  return limits.resources.some(
    (resource) =>
      (provider !== undefined && resource === `provider:${provider}`) ||
      (plugin !== undefined && resource.startsWith("plugin:") && matchesGlob(resource, `plugin:${plugin}`)),
  );
}

/** Whether the rights give a permission for a provider, a plugin of it, or (empty scope) server-wide. */
export function rightsAllow(rights: Rights, permission: Permission, scope: Scope = {}): boolean {
  return (
    rights.grants.some((grant) => grantReaches(grant, permission, scope.provider)) &&
    (rights.limits === null || limitsReach(rights.limits, permission, scope))
  );
}

/** Grants that remain after a token's limits; one that a `plugin:` resource narrows further counts in full. */
export function effectiveGrants({ grants, limits }: Rights): Grant[] {
  if (limits === null) return [...grants];
  const scoped = grants.filter((grant) => limits.scopes.includes(grant.permission));
  if (limits.resources.includes(EVERYTHING)) return scoped;
  const byPlugin = limits.resources.some((resource) => resource.startsWith("plugin:"));
  return scoped.flatMap((grant) => {
    if (grant.permission === "read" || byPlugin) return [grant];
    return limits.resources
      .filter((resource) => grant.provider === null || resource === `provider:${grant.provider}`)
      .map((resource) => ({ permission: grant.permission, provider: resource.slice("provider:".length) }));
  });
}

/** True when whoever has `rights` may hand out `grants`: nobody gives what they do not have. */
export function rightsCover(rights: Rights, grants: readonly Grant[]): boolean {
  return grants.every(({ permission, provider }) =>
    rightsAllow(rights, permission, provider === null ? {} : { provider }),
  );
}
