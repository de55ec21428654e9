import { createHash } from "node:crypto";
import type { TokenHolder } from "../../identity/identity.ts";

/**
 * Wazo's tenants, as this server has them: it is the master tenant itself, and each of its providers is one below. Who has
 * a role on the whole server belongs to the master tenant.
 */
export class Tenants {
  readonly master: string;

  constructor(master: string) {
    this.master = master;
  }

  of({ provider }: Pick<TokenHolder, "provider">): string {
    return provider === null ? this.master : this.#below(provider);
  }

  /** True when somebody of that tenant may act for the other one: only the master tenant reaches others. */
  reaches(own: string, wanted: string | undefined, providers: readonly string[]): boolean {
    if (wanted === undefined || wanted === own) return true;
    return own === this.master && providers.some((provider) => this.#below(provider) === wanted);
  }

  /** The same for the same provider, always: a name-based UUID (RFC 9562, version 5). */
  #below(provider: string): string {
    const space = Buffer.from(this.master.replaceAll("-", ""), "hex");
    const hash = createHash("sha1").update(space).update(provider).digest();
    hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
    hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
    const hex = hash.toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
      "-",
    );
  }
}
