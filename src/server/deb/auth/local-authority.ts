import type { FastifyRequest } from "fastify";
import { originOf } from "../../http/origin.ts";
import type { Principal, TokenHolder } from "../../identity/identity.ts";
import type { ServerContext } from "../../module.ts";
import {
  type AccessNeed,
  neededFor,
  notAllowed,
  otherTenant,
  type TokenAuthority,
  tenantOf,
  unknownToken,
} from "./access.ts";
import type { Tenants } from "./tenants.ts";

/** Checks tokens of this server. */
export class LocalAuthority implements TokenAuthority {
  readonly #identity: ServerContext["identity"];
  readonly #audit: ServerContext["audit"];
  readonly tenants: Tenants;

  constructor({ identity, audit }: Pick<ServerContext, "identity" | "audit">, tenants: Tenants) {
    this.#identity = identity;
    this.#audit = audit;
    this.tenants = tenants;
  }

  get masterTenant(): string {
    return this.tenants.master;
  }

  async authorize(request: FastifyRequest, token: string, need: AccessNeed): Promise<Principal> {
    const holder = token === "" ? null : await this.holder(request, token);
    if (holder === null) throw unknownToken(token, need.acl);
    const tenant = tenantOf(request);
    if (!(await this.allows(holder, need.acl, tenant))) {
      await this.#audit.record({
        actor: holder.principal,
        action: `authorize.${need.acl}`,
        resource: "deb",
        outcome: "denied",
        ...originOf(request),
      });
      throw notAllowed(token, need.acl, tenant);
    }
    if (need.masterTenantOnly && this.tenants.of(holder) !== this.tenants.master) throw otherTenant(token);
    return holder.principal;
  }

  holder(request: FastifyRequest, token: string): Promise<TokenHolder | null> {
    return this.#identity.holderOf(token, originOf(request).ip);
  }

  /** True when the holder may do that, for that tenant. */
  async allows(holder: TokenHolder, acl: string, tenant: string | undefined): Promise<boolean> {
    const { permission, plugin } = neededFor(acl);
    const scope = plugin === undefined ? {} : { plugin };
    const ofProvider = holder.provider === null ? scope : { ...scope, provider: holder.provider };
    if (!(await this.#identity.allows(holder.principal, permission, ofProvider))) return false;
    const providers = tenant === undefined ? [] : await this.#identity.providersFor(holder.principal, "read");
    return this.tenants.reaches(this.tenants.of(holder), tenant, providers);
  }
}
