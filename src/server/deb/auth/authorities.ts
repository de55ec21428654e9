import type { FastifyRequest } from "fastify";
import type { Principal } from "../../identity/identity.ts";
import { type AccessNeed, type TokenAuthority, tokenOf } from "./access.ts";
import type { LocalAuthority } from "./local-authority.ts";
import type { WazoAuthority } from "./wazo-authority.ts";

/** Sends each token to whoever knows it: what is none of ours is the wazo-auth's. */
export class Authorities {
  readonly local: LocalAuthority;
  readonly #wazo: WazoAuthority | undefined;

  constructor(local: LocalAuthority, wazo: WazoAuthority | undefined) {
    this.local = local;
    this.#wazo = wazo;
  }

  /** True when the tenant is known whose tokens are accepted. */
  get initialized(): boolean {
    return (this.#wazo ?? this.local).masterTenant !== undefined;
  }

  /** @throws PlugindError 401, 503. */
  async authorize(request: FastifyRequest, need: AccessNeed): Promise<Principal> {
    const token = tokenOf(request);
    return (await this.#authorityOf(request, token)).authorize(request, token, need);
  }

  async #authorityOf(request: FastifyRequest, token: string): Promise<TokenAuthority> {
    if (this.#wazo === undefined) return this.local;
    return (await this.local.holder(request, token)) === null ? this.#wazo : this.local;
  }
}
