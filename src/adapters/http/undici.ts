// The one place that knows undici. Its index loads everything it has (fetch, caches, mocks, WebSocket), which costs
// more than twice what Node itself needs to start; agent and request are all that a call takes. HTTP/2 is switched off
// for the same reason: tsup.config.ts leaves undici's HTTP/2 client, and with it `node:http2`, out of the bundle.
import type { Dispatcher } from "undici";
import apiRequest from "undici/lib/api/api-request.js";
import Agent from "undici/lib/dispatcher/agent.js";
import { configError } from "../../core/errors.ts";

export type { Dispatcher };

export interface DispatcherOptions {
  endpoint: URL;
  /** PEM of the only authority to trust; by default those of the system. */
  ca: string | undefined;
  connectTimeoutMs: number;
}

/**
 * Connections to one endpoint, through the environment's proxy unless the endpoint is on this machine.
 * @throws CONFIG when the environment names no usable proxy.
 */
export async function createDispatcher(options: DispatcherOptions): Promise<Dispatcher> {
  const { endpoint, ca, connectTimeoutMs } = options;
  const tls = ca === undefined ? {} : { ca };
  const socket = endpoint.protocol === "unix:" ? { socketPath: decodeURIComponent(endpoint.pathname) } : {};
  const common = {
    allowH2: false,
    // Time limits are the client's own: they differ by call.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs, ...tls, ...socket },
  };
  if (!isProxied(endpoint)) return new Agent(common);
  const { default: EnvHttpProxyAgent } = await import("undici/lib/dispatcher/env-http-proxy-agent.js");
  try {
    return new EnvHttpProxyAgent({ ...common, requestTls: tls });
  } catch (cause) {
    // Its value is not shown: it may hold a password.
    throw configError("HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy", { cause });
  }
}

/** One request; rejects with undici's or the system's error, or with the reason of the signal. */
export function request(
  dispatcher: Dispatcher,
  options: Dispatcher.RequestOptions,
): Promise<Dispatcher.ResponseData> {
  return apiRequest.call(dispatcher, options);
}

/** True for an address that is this machine's own. */
export function isLocal(endpoint: URL): boolean {
  if (endpoint.protocol === "unix:") return true;
  return /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/i.test(endpoint.hostname);
}

function isProxied(endpoint: URL): boolean {
  const { HTTP_PROXY, http_proxy, HTTPS_PROXY, https_proxy } = process.env;
  return !isLocal(endpoint) && Boolean(HTTP_PROXY || http_proxy || HTTPS_PROXY || https_proxy);
}
