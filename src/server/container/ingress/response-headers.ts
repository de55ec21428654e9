import type { IncomingHttpHeaders } from "node:http";
import { type PluginAddress, publicCookie, publicLocation } from "./plugin-address.ts";
import { connectionHeaders } from "./request-headers.ts";
import { SESSION_COOKIE } from "./session-cookie.ts";

/** Headers that speak for the whole host name, which is not the plugin's. */
const OF_THE_HOST: ReadonlySet<string> = new Set([
  "alt-svc",
  "clear-site-data",
  "public-key-pins",
  "service-worker-allowed",
  "strict-transport-security",
]);

/** The headers of a plugin's answer as visitors get them: names and values in turn. */
export function responseHeaders(
  headers: IncomingHttpHeaders | Record<string, string | string[] | undefined>,
  address: PluginAddress,
  upstream: string,
): string[] {
  const dropped = connectionHeaders(single(headers.connection));
  const sent: string[] = [];
  for (const [name, values] of Object.entries(headers)) {
    if (values === undefined || dropped.has(name) || OF_THE_HOST.has(name)) continue;
    for (const value of Array.isArray(values) ? values : [values]) {
      const kept = keptValue(name, value, address, upstream);
      if (kept !== undefined) sent.push(name, kept);
    }
  }
  return sent;
}

const single = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join(",") : value);

function keptValue(name: string, value: string, address: PluginAddress, upstream: string) {
  if (name === "location") return publicLocation(value, address, upstream);
  if (name === "set-cookie") return publicCookie(value, address, SESSION_COOKIE);
  return value;
}
