import type { Query } from "./call.ts";

/** Where a target's calls go. */
export class Endpoint {
  readonly url: URL;
  /** As undici takes it: for a Unix socket the origin is a formality. */
  readonly origin: string;
  /** Host and port, or the path of the socket; for messages. */
  readonly address: string;
  readonly #base: string;
  readonly #prefix: string;

  /** @param prefix of the API below the target's URL, such as `/api/v1`. */
  constructor(url: string, prefix: string) {
    this.url = new URL(url);
    this.#prefix = prefix;
    if (this.url.protocol === "unix:") {
      this.origin = "http://localhost";
      this.address = decodeURIComponent(this.url.pathname);
      this.#base = "";
    } else {
      this.origin = this.url.origin;
      this.address = this.url.port === "" ? `${this.url.hostname}:${this.#defaultPort}` : this.url.host;
      this.#base = this.url.pathname.replace(/\/+$/, "");
    }
  }

  get #defaultPort(): number {
    return this.url.protocol === "https:" ? 443 : 80;
  }

  /** The request target of a call: nothing is resolved or normalised, so an encoded segment stays one segment. */
  path(path: string, query: Query = {}): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== false) search.append(name, value === true ? "1" : String(value));
    }
    const below = path.startsWith("/") ? path : `${this.#prefix}/${path}`;
    return `${this.#base}${below}${search.size > 0 ? `?${search}` : ""}`;
  }

  /**
   * A call's URL for messages and traces; values of query members that sound like secrets are left out, and so is
   * what wazo-auth has in its paths.
   */
  show(path: string): string {
    const harmless = path
      .replace(/([?&][^=&]*(?:token|secret|password|key|sig)[^=&]*=)[^&]*/gi, "$1…")
      .replace(/(\/token\/)[^/?]+/g, "$1…");
    return this.url.protocol === "unix:" ? `unix:${this.address}:${harmless}` : `${this.origin}${harmless}`;
  }
}
