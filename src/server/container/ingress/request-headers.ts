import type { FastifyRequest } from "fastify";
import { TOKEN_PREFIX } from "../../identity/token-format.ts";
import type { PluginAddress } from "./plugin-address.ts";
import { SESSION_COOKIE } from "./session-cookie.ts";

/** Headers of one connection (RFC 9110, 7.6.1), and `Expect`, which this server has answered itself. */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What only a proxy may say. */
const isProxyHeader = (name: string) =>
  name.startsWith("x-forwarded-") ||
  name.startsWith("x-plugctl-") ||
  name === "forwarded" ||
  name === "x-real-ip" ||
  name === "x-ingress-path";

/** Names that `Connection` takes along, beside the standing ones. */
export function connectionHeaders(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined || /^\s*(?:close|keep-alive|upgrade)\s*$/i.test(connection)) {
    return CONNECTION_HEADERS;
  }
  const named = connection.split(",").map((name) => name.trim().toLowerCase());
  return new Set([...CONNECTION_HEADERS, ...named]);
}

/** True for an `Authorization` that only this server can have issued. */
export function isOwnCredential(authorization: string): boolean {
  const [scheme = "", value = ""] = authorization.trim().split(/\s+/, 2);
  if (value.startsWith(TOKEN_PREFIX)) return true;
  if (scheme.toLowerCase() === "basic") {
    return Buffer.from(value, "base64").toString("latin1").includes(`:${TOKEN_PREFIX}`);
  }
  return scheme.toLowerCase() === "bearer" && isOwnAccessToken(value);
}

/** Whether it is still good does not matter: a plugin has no use for it. */
function isOwnAccessToken(jwt: string): boolean {
  const [, claims, signature] = jwt.split(".");
  if (claims === undefined || signature === undefined) return false;
  try {
    return JSON.parse(Buffer.from(claims, "base64url").toString("utf8")).iss === "plugctl";
  } catch {
    return false;
  }
}

/** The `Cookie` header without the server's own; undefined when nothing is left. */
export function withoutSession(cookie: string): string | undefined {
  if (!cookie.includes(SESSION_COOKIE)) return cookie;
  const rest = cookie.split(";").filter((pair) => pair.split("=", 1)[0]?.trim() !== SESSION_COOKIE);
  return rest.length === 0 ? undefined : rest.join(";").trim();
}

export interface RequestContext {
  address: PluginAddress;
  /** `Authorization` was the credential with which the caller got in. */
  authorizedByHeader: boolean;
}

/** The headers with which a request goes on to the plugin: names and values in turn, as they came but for ours. */
export function requestHeaders(request: FastifyRequest, context: RequestContext): string[] {
  const { rawHeaders } = request.raw;
  const dropped = connectionHeaders(request.headers.connection);
  const headers: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = [rawHeaders[index], rawHeaders[index + 1]];
    const kept = keptValue(name.toLowerCase(), value, dropped, context);
    if (kept !== undefined) headers.push(name, kept);
  }
  headers.push(...forwardedHeaders(request, context.address));
  return headers;
}

function keptValue(
  name: string,
  value: string,
  dropped: ReadonlySet<string>,
  { authorizedByHeader }: RequestContext,
): string | undefined {
  if (dropped.has(name) || isProxyHeader(name)) return undefined;
  if (name === "authorization") return authorizedByHeader || isOwnCredential(value) ? undefined : value;
  if (name === "x-api-key") return value.startsWith(TOKEN_PREFIX) ? undefined : value;
  if (name === "cookie") return withoutSession(value);
  return value;
}

/** The connection's own address: what a client says about others in front of it is not believed. */
function forwardedHeaders(request: FastifyRequest, { origin, prefix, strip }: PluginAddress): string[] {
  const client = request.ip ?? "local-socket";
  const [proto = "http", host = ""] = origin.split("://");
  const port = /:(\d+)$/.exec(host)?.[1] ?? (proto === "https" ? "443" : "80");
  const node = client.includes(":") ? `"[${client}]"` : client === "local-socket" ? "unknown" : client;
  const headers = ["x-forwarded-for", client, "x-forwarded-proto", proto, "x-forwarded-host", host];
  headers.push("x-forwarded-port", port, "forwarded", `for=${node};host="${host}";proto=${proto}`);
  // A plugin that gets whole paths must not put the prefix before them once more.
  if (strip && prefix !== "") headers.push("x-forwarded-prefix", prefix, "x-ingress-path", prefix);
  return headers;
}
