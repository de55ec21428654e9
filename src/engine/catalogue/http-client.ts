import { invalidError, PlugctlError, toPlugctlError } from "../../core/errors.ts";

/** Like the global `fetch`; given by who has proxies or certificates of its own to respect. */
export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

export interface HttpFile {
  bytes: Uint8Array;
  etag: string | null;
}

const TIMEOUT_MS = 60_000;

/**
 * A file from a web server.
 * @param etag of what is known already; null is returned when that is still what the server has.
 * @throws UNAVAILABLE, TIMEOUT, NOT_FOUND, UNAUTHENTICATED; INVALID when it is larger than `limitBytes`.
 */
export async function download(
  fetch: Fetch,
  url: URL,
  options: { limitBytes: number; etag?: string | null | undefined },
): Promise<HttpFile | null> {
  const { limitBytes, etag } = options;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      signal,
      headers: { accept: "*/*", ...(etag ? { "if-none-match": etag } : {}) },
    });
    if (response.status === 304 && etag) return null;
    if (url.protocol === "https:" && !response.url.startsWith("https:")) {
      throw new PlugctlError("VERIFICATION", `${url.href} leads to an address without TLS`);
    }
    if (!response.ok) throw statusError(url, response.status);
    return { bytes: await readAtMost(response, url, limitBytes), etag: response.headers.get("etag") };
  } catch (error) {
    throw downloadError(error, url, signal);
  }
}

async function readAtMost(response: Response, url: URL, limitBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of response.body ?? []) {
    total += part.length;
    if (total > limitBytes) throw invalidError(`${url.href} is larger than the limit of ${limitBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function statusError(url: URL, status: number): PlugctlError {
  const code =
    status === 404 || status === 410
      ? "NOT_FOUND"
      : status === 401 || status === 403
        ? "UNAUTHENTICATED"
        : "UNAVAILABLE";
  return new PlugctlError(code, `cannot read ${url.href}: the server answers with status ${status}`);
}

function downloadError(thrown: unknown, url: URL, signal: AbortSignal): PlugctlError {
  const error = toPlugctlError(thrown);
  if (error.code !== "INTERNAL") return error;
  if (signal.aborted)
    return new PlugctlError("TIMEOUT", `${url.href} took longer than ${TIMEOUT_MS / 1000} seconds`);
  // fetch says "fetch failed" and keeps the reason in the cause.
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PlugctlError("UNAVAILABLE", `cannot read ${url.href}: ${reason || "no connection"}`, {
    cause: thrown,
  });
}
