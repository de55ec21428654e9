import { LRUCache } from "lru-cache";
import { generateSecret, hashSecret } from "../../identity/token-format.ts";

/** Long enough for a redirect. */
const TICKET_MS = 60_000;

/**
 * Tickets that carry a browser's session from the server's host name to a plugin's: a cookie cannot cross, and its value
 * must not stand in a URL. Each is good once, for one plugin, for a minute.
 */
export class SessionTickets {
  readonly #cookies = new LRUCache<string, { slug: string; cookie: string }>({ max: 1000, ttl: TICKET_MS });

  issue(slug: string, cookie: string): string {
    const ticket = generateSecret();
    this.#cookies.set(hashSecret(ticket), { slug, cookie });
    return ticket;
  }

  /** The cookie's value; undefined when the ticket is not good any more, or another plugin's. */
  redeem(slug: string, ticket: string): string | undefined {
    const key = hashSecret(ticket);
    const found = this.#cookies.get(key);
    this.#cookies.delete(key);
    return found?.slug === slug ? found.cookie : undefined;
  }
}
