import { configError } from "../../../core/errors.ts";

/** Host names of plugins: `<slug>.<domain>`, with the scheme and port of the server's public URL. */
export interface PluginHosts {
  /** The slug that a host name (lower case) stands for. */
  slugOf(hostName: string): string | undefined;
  /** `https://node-red.plugins.example.com` */
  originOf(slug: string): string;
  /** The slug of an origin that `originOf` gives. */
  slugOfOrigin(origin: string): string | undefined;
  /** Scheme and host of the server itself, where one signs in. */
  readonly mainOrigin: string;
}

const DOMAIN = /^(?=.{1,200}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const SLUG = /^[a-z0-9][a-z0-9-]*$/;

/** @throws CONFIG when the domain is none, or the server's own URL is not known. */
export function createPluginHosts(domain: string, publicUrl: string | undefined): PluginHosts {
  if (!DOMAIN.test(domain)) {
    throw configError(`"${domain}" is not a domain`, { hint: "write --plugin-domain plugins.example.com" });
  }
  if (publicUrl === undefined) {
    throw configError("a domain for plugins needs the address at which one signs in", {
      hint: "add --public-url https://plugctl.example.com",
    });
  }
  const main = new URL(publicUrl);
  const port = main.port === "" ? "" : `:${main.port}`;
  const slugOf = (hostName: string) => {
    if (!hostName.endsWith(`.${domain}`)) return undefined;
    const slug = hostName.slice(0, -domain.length - 1);
    return SLUG.test(slug) ? slug : undefined;
  };
  return {
    mainOrigin: main.origin,
    slugOf,
    originOf: (slug) => `${main.protocol}//${slug}.${domain}${port}`,
    slugOfOrigin(origin) {
      const url = URL.canParse(origin) ? new URL(origin) : undefined;
      if (url === undefined || url.protocol !== main.protocol || url.port !== main.port) return undefined;
      return slugOf(url.hostname);
    },
  };
}
