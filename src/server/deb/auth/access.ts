import type { FastifyRequest } from "fastify";
import type { Permission } from "../../../core/permissions.ts";
import type { Principal } from "../../identity/identity.ts";
import { PlugindError } from "../plugind/errors.ts";

/** What a request needs. */
export interface AccessNeed {
  /** In wazo's words: `plugind.plugins.read`. */
  acl: string;
  /** Only for tokens of the tenant that the service belongs to. */
  masterTenantOnly: boolean;
}

/** Who says what a token may do: this server, or a wazo-auth. */
export interface TokenAuthority {
  /** Who calls. @throws PlugindError 401, 503. */
  authorize(request: FastifyRequest, token: string, need: AccessNeed): Promise<Principal>;
  /** The tenant whose tokens are accepted; undefined until it is known. */
  readonly masterTenant: string | undefined;
}

/** What an access in wazo's words needs here: a permission and, where it names one, for which plugin. */
export function neededFor(acl: string): { permission: Permission; plugin?: string } {
  const words = acl.split(".");
  const [service, kind, namespace, name, verb] = words;
  if (service === "plugind" && kind === "plugins") {
    if (words.length === 3 && namespace === "read") return { permission: "read" };
    if (words.length === 3 && namespace === "create") return { permission: "deploy" };
    if (words.length === 5 && verb === "read") return { permission: "read", plugin: `${namespace}/${name}` };
    if (words.length === 5 && verb === "delete") {
      return { permission: "deploy", plugin: `${namespace}/${name}` };
    }
  }
  if (acl === "plugind.market.read" || acl === "plugind.status.read") return { permission: "read" };
  // The configuration, and whatever other services of the platform call theirs.
  return { permission: "admin" };
}

/** Accesses in wazo's words that permissions stand for; `#` is every one. */
export function aclsOf(permissions: readonly Permission[]): string[] {
  if (permissions.includes("admin")) return ["#"];
  return [
    ...(permissions.includes("read")
      ? ["plugind.plugins.read", "plugind.plugins.*.*.read", "plugind.market.read", "plugind.status.read"]
      : []),
    ...(permissions.includes("deploy") ? ["plugind.plugins.create", "plugind.plugins.*.*.delete"] : []),
  ];
}

/** A name as a word of an access: its dots would be taken for separators. */
export const aclWord = (name: string) => name.replaceAll(".", "_");

/** The token of a request: wazo's own header, or `Authorization: Bearer`; empty when there is none. */
export function tokenOf({ headers }: FastifyRequest): string {
  const { "x-auth-token": token, authorization = "" } = headers;
  if (typeof token === "string") return token;
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";
}

/** The tenant that a request is made for. */
export const tenantOf = ({ headers }: FastifyRequest): string | undefined =>
  typeof headers["wazo-tenant"] === "string" ? headers["wazo-tenant"] : undefined;

const unauthorized = (details: Record<string, unknown>) =>
  new PlugindError(401, "unauthorized", "Unauthorized", { details });

export const unknownToken = (token: string, acl: string) =>
  unauthorized({ invalid_token: token, reason: "not_found_or_expired", required_access: acl });

export const notAllowed = (token: string, acl: string, tenant: string | undefined) =>
  unauthorized({
    invalid_token: token,
    reason: "missing_permission_or_invalid_tenant",
    required_access: acl,
    tenant_uuid: tenant ?? null,
  });

export const otherTenant = (token: string) => unauthorized({ invalid_token: token });
