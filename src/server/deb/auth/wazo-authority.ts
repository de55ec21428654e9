import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { z } from "zod";
import type { Principal } from "../../identity/identity.ts";
import { PlugindError } from "../plugind/errors.ts";
import {
  type AccessNeed,
  notAllowed,
  otherTenant,
  type TokenAuthority,
  tenantOf,
  unknownToken,
} from "./access.ts";

const TIMEOUT_MS = 5_000;
/** Lifetime of the service's own token, in seconds. */
const EXPIRATION = 21_600;
const MAX_WAIT_MS = 32_000;

const tokenSchema = z.object({
  data: z.looseObject({
    auth_id: z.string().nullish(),
    metadata: z.looseObject({ tenant_uuid: z.string().optional(), username: z.string().nullish() }),
  }),
});

export interface WazoAuthOptions {
  /** Without a trailing slash and without `/0.1`. */
  url: string;
  /** Of the service's own account. */
  username: string;
  password: string;
  log: Logger;
}

/** Asks a wazo-auth what a token may do, in the order in which wazo-plugind does (wazo-plugind spec, section 1.3). */
export class WazoAuthority implements TokenAuthority {
  readonly #options: WazoAuthOptions;
  readonly #stopping = new AbortController();
  #masterTenant: string | undefined;

  constructor(options: WazoAuthOptions) {
    this.#options = options;
    void this.#learnTenant();
  }

  get masterTenant(): string | undefined {
    return this.#masterTenant;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async authorize(request: FastifyRequest, token: string, need: AccessNeed): Promise<Principal> {
    const tenant = tenantOf(request);
    const query = new URLSearchParams({
      scope: need.acl,
      ...(tenant === undefined ? {} : { tenant }),
    });
    const path = `/0.1/token/${encodeURIComponent(token)}`;
    const checked = await this.#call(`${path}?${query}`, { method: "HEAD" });
    if (checked.status === 404) throw unknownToken(token, need.acl);
    if (checked.status === 403 || checked.status === 401) throw notAllowed(token, need.acl, tenant);
    if (!checked.ok) throw this.#unreachable(`it answers ${checked.status}`);
    if (need.masterTenantOnly && this.#masterTenant === undefined) {
      throw new PlugindError(503, "not-initialized", "wazo-plugind is not initialized");
    }
    const answer = await this.#call(path, { method: "GET" });
    const found = tokenSchema.safeParse(await answer.json().catch(() => undefined));
    if (!answer.ok || !found.success) throw unknownToken(token, need.acl);
    const { auth_id, metadata } = found.data.data;
    if (need.masterTenantOnly && metadata.tenant_uuid !== this.#masterTenant) throw otherTenant(token);
    const login = `wazo:${metadata.username ?? auth_id ?? "unknown"}`;
    return { userId: `wazo:${auth_id ?? "unknown"}`, login, tokenId: null };
  }

  /** @throws PlugindError 503. */
  async #call(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.#options.url}${path}`, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (cause) {
      throw this.#unreachable(cause instanceof Error ? cause.message : String(cause), cause);
    }
  }

  #unreachable(why: string, cause?: unknown): PlugindError {
    const { hostname, port, protocol } = new URL(this.#options.url);
    return new PlugindError(503, "authentication-server-unreachable", "Authentication server unreachable", {
      details: {
        auth_server_host: hostname,
        auth_server_port: Number(port || (protocol === "https:" ? 443 : 80)),
        original_error: why,
      },
      cause,
    });
  }

  /** The tenant of the service's own token is the one that it belongs to. */
  async #learnTenant(): Promise<void> {
    const { signal } = this.#stopping;
    const { username, password, log } = this.#options;
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    for (let waitMs = 1_000; !signal.aborted; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
      try {
        const answer = await this.#call("/0.1/token", {
          method: "POST",
          headers: { authorization, "content-type": "application/json" },
          body: JSON.stringify({ expiration: EXPIRATION }),
        });
        if (!answer.ok) throw new Error(`wazo-auth answers ${answer.status}`);
        this.#masterTenant = tokenSchema.parse(await answer.json()).data.metadata.tenant_uuid;
        if (this.#masterTenant !== undefined) return;
        throw new Error("the token of the service has no tenant");
      } catch (error) {
        log.warn({ err: error, waitMs }, "no token of the service's own yet");
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
