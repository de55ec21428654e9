import { usageError } from "../core/errors.ts";

/** Certificates for an engine that is reached by TLS: PEM texts. */
export interface EngineTls {
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
  /** Take any certificate; only what a docker context itself asks for. */
  insecure?: boolean | undefined;
}

/** Where an engine's API is. */
export type EngineAddress =
  | { type: "socket"; path: string }
  | { type: "tcp"; host: string; port: number; tls: EngineTls | undefined }
  | { type: "ssh"; host: string; port: number | undefined; user: string | undefined };

const DOCKER_PORT = 2375;
const DOCKER_TLS_PORT = 2376;

/**
 * Reads the forms in which docker itself writes an engine's address: `unix:///path`, `tcp://host[:port]` (with TLS on
 * port 2376 or when certificates are given), `http://…`, `https://…`, `ssh://[user@]host[:port]`.
 * @throws USAGE.
 */
export function parseAddress(text: string, tls?: EngineTls): EngineAddress {
  const url = URL.parse(text);
  const host = url?.hostname.replace(/^\[|\]$/g, "") ?? "";
  switch (url?.protocol) {
    case "unix:":
      if (url.pathname.length > 1) return { type: "socket", path: decodeURIComponent(url.pathname) };
      break;
    case "ssh:":
      if (host !== "" && url.password === "") {
        return {
          type: "ssh",
          host: option(host, text),
          port: url.port === "" ? undefined : Number(url.port),
          user: url.username === "" ? undefined : option(decodeURIComponent(url.username), text),
        };
      }
      break;
    case "tcp:":
    case "http:":
    case "https:":
      if (host !== "" && url.username === "") return tcpAddress(url, host, tls);
  }
  throw usageError(`"${text}" is not the address of an engine`, {
    hint: "write unix:///path, tcp://host:port, https://host:port, ssh://user@host or docker-context:NAME",
  });
}

/** As it is shown in messages. */
export function formatAddress(address: EngineAddress): string {
  switch (address.type) {
    case "socket":
      return address.path;
    case "tcp":
      return `${address.host}:${address.port}`;
    case "ssh":
      return `ssh://${address.user === undefined ? "" : `${address.user}@`}${address.host}`;
  }
}

function tcpAddress(url: URL, host: string, tls: EngineTls | undefined): EngineAddress {
  // WHATWG URLs drop the default port of http and https, which is what such a URL means.
  const wellKnown = { "http:": 80, "https:": 443 }[url.protocol];
  const isTls = url.protocol === "https:" || tls !== undefined || url.port === String(DOCKER_TLS_PORT);
  const port = url.port === "" ? (wellKnown ?? (isTls ? DOCKER_TLS_PORT : DOCKER_PORT)) : Number(url.port);
  if (url.protocol === "http:") return { type: "tcp", host, port, tls: undefined };
  return { type: "tcp", host, port, tls: isTls ? (tls ?? {}) : undefined };
}

/** Becomes a word of ssh's command line, where a leading dash would be an option. */
function option(word: string, address: string): string {
  if (!word.startsWith("-")) return word;
  throw usageError(`"${address}" is not the address of an engine`);
}
