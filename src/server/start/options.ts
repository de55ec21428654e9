import { usageError } from "../../core/errors.ts";
import { isLoopback } from "../http/hosts.ts";
import { LOG_LEVELS, type LogLevel } from "../logger.ts";
import type { ModuleOptions } from "../module.ts";
import type { ModuleSelection } from "../module-states.ts";
import type { TlsOption } from "./tls.ts";

export interface ServerOptions extends ModuleSelection {
  dataDir: string;
  /** Address to listen on. */
  host: string;
  /** 0 for any free one. */
  port: number;
  /** Further ports of the same address, likewise. */
  extraPorts?: readonly number[] | undefined;
  /** Path of a Unix socket to listen on as well. */
  socket?: string | undefined;
  tls?: TlsOption | undefined;
  /** Listen beyond this machine without TLS. */
  allowPlainHttp?: boolean | undefined;
  /** Base URL that clients see. */
  publicUrl?: string | undefined;
  adminPasswordFile?: string | undefined;
  /** One of `LOG_LEVELS`. */
  logLevel?: string | undefined;
  logFile?: string | undefined;
  version: string;
  modules?: ModuleOptions | undefined;
  /** How long a stop waits for what runs, in ms. */
  drainMs?: number | undefined;
}

/** The base URL without a trailing slash. @throws USAGE when it is none. */
export function parsePublicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== "" ||
    url.search !== "" ||
    url.hash !== ""
  ) {
    throw usageError(`"${text}" is not a base URL`, { hint: "write https://plugins.example.com" });
  }
  return url.href.replace(/\/+$/, "");
}

/** @throws USAGE when the server would be open to the network in the clear without being told so. */
export function assertSafeBinding({ host, tls, allowPlainHttp }: ServerOptions): void {
  if (isLoopback(host) || tls !== undefined || allowPlainHttp) return;
  throw usageError(`listening on ${host} without TLS would send passwords and tokens in the clear`, {
    hint: "give --tls-cert and --tls-key or --tls-self-signed, or say --allow-plain-http",
  });
}

/** @throws USAGE for a word that is no level. */
export function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (level === undefined)
    throw usageError(`there is no log level "${text}"`, { hint: LOG_LEVELS.join(", ") });
  return level;
}
