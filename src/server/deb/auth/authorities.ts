import type { FastifyRequest } from "fastify";
import type { Principal } from "../../identity/identity.ts";
import { TOKEN_PREFIX } from "../../identity/token-format.ts";
import { type AccessNeed, type TokenAuthority, tokenOf } from "./access.ts";
import type { LocalAuthority } from "./local-authority.ts";
import type { WazoAuthority } from "./wazo-authority.ts";

/** Sends each token to whoever knows it: ours are told by their form, all others are those of the wazo-auth. */
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
  authorize(request: FastifyRequest, need: AccessNeed): Promise<Principal> {
    const token = tokenOf(request);
    const authority: TokenAuthority =
      this.#wazo === undefined || token.startsWith(TOKEN_PREFIX) ? this.local : this.#wazo;
    return authority.authorize(request, token, need);
  }
}
