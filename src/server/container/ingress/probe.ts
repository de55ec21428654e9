import type { Dispatcher } from "undici";
import request from "undici/lib/api/api-request.js";

const TIMEOUT_MS = 5_000;
const MAX_REDIRECTS = 5;
/** Enough for a page to show whether it asks for a password. */
const BODY_BYTES = 256 * 1024;
const LOGIN_PATH = /(?:log-?in|sign-?in|auth|sso|session)/i;
const PASSWORD_FIELD = /<input\b[^>]*\btype\s*=\s*["']?password/i;

export interface ProbeResult {
  /** Whether it seems to ask for a login by itself; null when it gave no answer to judge by. */
  authenticates: boolean | null;
  /** One sentence each. */
  warnings: string[];
}

/**
 * Looks at a plugin as somebody unknown would: does its first page ask for a login, and does it give its variables away
 * at `/env`, as some real plugins do, tokens included? A page that builds itself in the browser counts as open: whoever
 * knows better says so.
 * @param base path below which the plugin serves, with a slash at its end.
 */
export async function probe(agent: Dispatcher, origin: string, base: string): Promise<ProbeResult> {
  const [authenticates, env] = await Promise.all([
    asksForLogin(agent, origin, base).catch(() => null),
    fetchText(agent, origin, `${base}env`).catch(() => null),
  ]);
  if (env?.status === 200 && /THINGER_[A-Z_]+/.test(env.body)) {
    return {
      authenticates: false,
      warnings: ["it answers /env with its variables, tokens included, to anybody"],
    };
  }
  if (authenticates === null) return { authenticates, warnings: ["it gave no answer to judge by"] };
  if (!authenticates) return { authenticates, warnings: ["its first page asks for no login"] };
  return { authenticates, warnings: [] };
}

async function asksForLogin(agent: Dispatcher, origin: string, base: string): Promise<boolean | null> {
  let path = base;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const { status, location, body } = await fetchText(agent, origin, path);
    if (status === 401 || status === 403) return true;
    if (status >= 500) return null;
    if (status < 300 || status >= 400) return PASSWORD_FIELD.test(body);
    if (location === undefined || !URL.canParse(location, `${origin}${path}`)) return null;
    const next = new URL(location, `${origin}${path}`);
    if (LOGIN_PATH.test(next.pathname)) return true;
    // To another host: somebody else signs people in for it, or it is a page that is not the plugin's.
    if (next.origin !== origin) return null;
    path = `${next.pathname}${next.search}`;
  }
  return null;
}

async function fetchText(agent: Dispatcher, origin: string, path: string) {
  const answer = await request.call(agent, {
    origin,
    path,
    method: "GET",
    headers: { accept: "text/html,*/*", "user-agent": "plugctl-probe" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  let body = "";
  for await (const chunk of answer.body) {
    body += chunk;
    if (body.length > BODY_BYTES) break;
  }
  const { location } = answer.headers;
  return {
    status: answer.statusCode,
    location: Array.isArray(location) ? location[0] : location,
    body,
  };
}
