import type { FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";
import { Problem } from "../../http/problem.ts";
import { asksForUpgrade } from "../../http/upgrades.ts";
import type { Principal } from "../../identity/identity.ts";
import type { ServerContext } from "../../module.ts";
import type { PluginRights } from "../permissions.ts";
import type { PluginAddress } from "./plugin-address.ts";
import { type PublishedPlugin, pluginKey } from "./published-plugin.ts";
import { readSessionCookie } from "./session-cookie.ts";
import type { VisitorLimit } from "./visitor-limit.ts";

export interface Visitor {
  /** null for somebody who did not have to sign in. */
  login: string | null;
  authorizedByHeader: boolean;
}

const ANONYMOUS: Visitor = { login: null, authorizedByHeader: false };
const HARMLESS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** So long a visitor who got in does so again without a look at the database; a right that is taken ends within it. */
const REMEMBERED_MS = 1_000;

/** Decides who gets through to a plugin. */
export class Gate {
  readonly #context: Pick<ServerContext, "identity" | "logins">;
  readonly #rights: PluginRights;
  readonly #limit: VisitorLimit;
  readonly #admitted = new LRUCache<string, Visitor>({ max: 10_000, ttl: REMEMBERED_MS });

  constructor(
    context: Pick<ServerContext, "identity" | "logins">,
    rights: PluginRights,
    limit: VisitorLimit,
  ) {
    this.#context = context;
    this.#rights = rights;
    this.#limit = limit;
  }

  /** @throws Problem 401 `auth_required`, 403, 429. */
  async admit(request: FastifyRequest, plugin: PublishedPlugin, address: PluginAddress): Promise<Visitor> {
    if (plugin.access === "public") {
      this.#slowDown(request, plugin);
      return ANONYMOUS;
    }
    const key = credentialKey(request, plugin);
    const known = this.#admitted.get(key);
    if (known !== undefined) {
      if (!known.authorizedByHeader) refuseForeignPages(request, address);
      return known;
    }
    const { principal, byHeader } = await this.#signedIn(request, address);
    await this.#rights.check(request, principal, "CallPluginEndpoint", {
      user: plugin.user,
      plugin: plugin.name,
    });
    const visitor = { login: principal.login, authorizedByHeader: byHeader };
    this.#admitted.set(key, visitor);
    return visitor;
  }

  /** Everybody is looked at anew: somebody's right was taken away. */
  forget(): void {
    this.#admitted.clear();
  }

  #slowDown(request: FastifyRequest, plugin: PublishedPlugin): void {
    if (plugin.requestsPerSecond === null) return;
    const wait = this.#limit.take(pluginKey(plugin), request.ip ?? "", plugin.requestsPerSecond);
    if (wait === 0) return;
    throw new Problem(429, "rate_limited", `this address asks too often; try again in ${wait} s`, {
      headers: { "retry-after": String(wait) },
    });
  }

  async #signedIn(
    request: FastifyRequest,
    address: PluginAddress,
  ): Promise<{ principal: Principal; byHeader: boolean }> {
    const cookie = readSessionCookie(request.headers.cookie);
    const browser = cookie === undefined ? null : await this.#context.logins.ofBrowser(cookie);
    if (browser !== null) {
      refuseForeignPages(request, address);
      return { principal: browser, byHeader: false };
    }
    return { principal: await this.#context.identity.require(request), byHeader: true };
  }
}

/** Everything that decides, and where it came from: equal keys get the same answer. */
function credentialKey({ headers, ip }: FastifyRequest, plugin: PublishedPlugin): string {
  const cookie = readSessionCookie(headers.cookie);
  return JSON.stringify([pluginKey(plugin), ip, cookie, headers.authorization, headers["x-api-key"]]);
}

/**
 * A browser sends the cookie along when the page of another plugin makes it send a form or open a WebSocket, since
 * all plugins are one site to it. It also says which page that was.
 */
function refuseForeignPages(request: FastifyRequest, address: PluginAddress): void {
  const { origin } = request.headers;
  if (origin === undefined || origin === address.origin) return;
  if (HARMLESS.has(request.method) && !asksForUpgrade(request)) return;
  throw new Problem(403, "foreign_origin", `pages of ${origin} may not use this plugin in your name`);
}
