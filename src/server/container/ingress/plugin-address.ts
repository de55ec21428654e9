/** Where a plugin's web interface stands for its visitors. */
export interface PluginAddress {
  /** What stands before the plugin's own paths, without a trailing slash: `/p/node-red`; empty under its own host name. */
  readonly prefix: string;
  /** The prefix is taken away before the plugin sees a path; otherwise it gets paths as they came. */
  readonly strip: boolean;
  /** Scheme and host that visitors used: `https://plugins.example.com`. */
  readonly origin: string;
}

const isBelow = (path: string, prefix: string) =>
  path === prefix || path.startsWith(`${prefix}/`) || path.startsWith(`${prefix}?`);

/** The path that visitors see for one that the plugin named. */
export function publicPath(path: string, { prefix, strip }: PluginAddress): string {
  return strip && !isBelow(path, prefix) ? `${prefix}${path}` : path;
}

/**
 * A `Location` of the plugin's as visitors need it. The plugin may name itself by the host that they used, or by the
 * address at which it was reached; other hosts and relative references stay.
 * @param upstream scheme and host at which the plugin was reached.
 */
export function publicLocation(location: string, address: PluginAddress, upstream: string): string {
  if (location.startsWith("/") && !location.startsWith("//") && !location.startsWith("/\\")) {
    return publicPath(location, address);
  }
  if (!/^(?:https?:)?\/\//i.test(location) || !URL.canParse(location, address.origin)) return location;
  const url = new URL(location, address.origin);
  // A plugin behind TLS of ours does not know of it: only the host counts.
  const isOwn = url.host === new URL(address.origin).host || url.host === new URL(upstream).host;
  return isOwn ? publicPath(`${url.pathname}${url.search}${url.hash}`, address) : location;
}

/**
 * A `Set-Cookie` of the plugin's, held to its own paths: it can neither set cookies for the rest of the server nor, with
 * `Domain`, for other hosts. Undefined when it may not be set at all.
 * @param reserved name of the server's own cookie.
 */
export function publicCookie(cookie: string, address: PluginAddress, reserved: string): string | undefined {
  const [pair = "", ...attributes] = cookie.split(";");
  if (pair.split("=", 1)[0]?.trim() === reserved) return undefined;
  const kept = attributes.flatMap((attribute) => {
    const [name = "", value = ""] = attribute.split("=").map((part) => part.trim());
    if (name.toLowerCase() === "domain") return [];
    if (name.toLowerCase() !== "path" || !value.startsWith("/")) return [attribute];
    const path = publicPath(value, address);
    return [` Path=${isBelow(path, address.prefix) ? path : `${address.prefix}/`}`];
  });
  return [pair, ...kept].join(";");
}
