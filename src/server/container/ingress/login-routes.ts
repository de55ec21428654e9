import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { Problem } from "../../http/problem.ts";
import { ANONYMOUS } from "../../http/schemas.ts";
import { BROWSER_SESSION_SECONDS } from "../../identity/browser-sessions.ts";
import type { Logins } from "../../identity/logins.ts";
import { escapeHtml, page, sendPage } from "./pages.ts";
import type { PluginHosts } from "./plugin-hosts.ts";
import { readSessionCookie, sessionCookie } from "./session-cookie.ts";
import type { SessionTickets } from "./session-tickets.ts";

/** No plugin's slug begins with a dash. */
export const LOGIN_PATH = "/p/-/login";
const LOGOUT_PATH = "/p/-/logout";
/** On the host names of plugins; what begins like this never reaches them. */
export const TICKET_PATH = "/.plugctl/session";

const returnSchema = z.string().max(4000).default("/");
const formSchema = z.object({
  login: z.string().max(200),
  password: z.string().max(1024),
  return: returnSchema,
});

export interface LoginRouteParts {
  logins: Logins;
  hosts: PluginHosts | undefined;
  tickets: SessionTickets;
  /** Scheme and host that the visitor used. */
  originOf(request: FastifyRequest): string;
}

/** Signing in and out in a browser, for the web interfaces of private plugins. */
export async function loginRoutes(app: FastifyInstance, parts: LoginRouteParts): Promise<void> {
  const { logins, hosts, tickets, originOf } = parts;
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const tags = ["plugins"];

  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: 16 * 1024 },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );

  typed.route({
    method: "GET",
    url: LOGIN_PATH,
    schema: {
      summary: "Page on which a person signs in",
      tags,
      security: ANONYMOUS,
      querystring: z.object({ return: returnSchema }),
    },
    async handler(request, reply) {
      const cookie = readSessionCookie(request.headers.cookie);
      const isSignedIn = cookie !== undefined && (await logins.ofBrowser(cookie)) !== null;
      const wanted = destination(request.query.return, hosts);
      if (cookie !== undefined && isSignedIn) return goOn(reply, wanted, cookie);
      return sendPage(reply, 200, loginPage(wanted.url));
    },
  });

  typed.route({
    method: "POST",
    url: LOGIN_PATH,
    schema: {
      summary: "Sign in; answers with the session's cookie",
      tags,
      security: ANONYMOUS,
      consumes: ["application/x-www-form-urlencoded"],
      body: formSchema,
    },
    async handler(request, reply) {
      refuseForeignForm(request, originOf(request));
      const { return: wanted, ...attempt } = request.body;
      const target = destination(wanted, hosts);
      try {
        const cookie = await logins.forBrowser(request, attempt);
        reply.header("set-cookie", sessionCookie(cookie, lifeOf(originOf(request))));
        return goOn(reply, target, cookie);
      } catch (error) {
        if (!(error instanceof Problem) || (error.status !== 401 && error.status !== 429)) throw error;
        return sendPage(reply.headers(error.headers), error.status, loginPage(target.url, error.message));
      }
    },
  });

  typed.route({
    method: "POST",
    url: LOGOUT_PATH,
    schema: { summary: "End the browser's session", tags, security: ANONYMOUS },
    async handler(request, reply) {
      refuseForeignForm(request, originOf(request));
      const cookie = readSessionCookie(request.headers.cookie);
      if (cookie !== undefined) await logins.endBrowser(cookie);
      return reply
        .header("set-cookie", sessionCookie(undefined, lifeOf(originOf(request))))
        .redirect(LOGIN_PATH, 303);
    },
  });

  /** To where the visitor wanted to go; a plugin's own host name gets its cookie from there. */
  function goOn(reply: FastifyReply, { url, slug }: Destination, cookie: string): FastifyReply {
    if (slug === undefined) return reply.redirect(url, 303);
    const { origin, pathname, search } = new URL(url);
    const query = new URLSearchParams({
      ticket: tickets.issue(slug, cookie),
      return: `${pathname}${search}`,
    });
    return reply.redirect(`${origin}${TICKET_PATH}?${query}`, 303);
  }
}

/** Trades the ticket in for a cookie on a plugin's own host name. */
export function redeemTicket(
  request: FastifyRequest,
  reply: FastifyReply,
  { slug, origin, tickets }: { slug: string; origin: string; tickets: SessionTickets },
): FastifyReply {
  const query = new URL(request.originalUrl, origin).searchParams;
  const cookie = tickets.redeem(slug, query.get("ticket") ?? "");
  if (cookie !== undefined) reply.header("set-cookie", sessionCookie(cookie, lifeOf(origin)));
  return reply.header("cache-control", "no-store").redirect(localPath(query.get("return") ?? "/"), 303);
}

const lifeOf = (origin: string) => ({
  secure: origin.startsWith("https:"),
  seconds: BROWSER_SESSION_SECONDS,
});

interface Destination {
  url: string;
  /** Of the plugin whose host name it is. */
  slug: string | undefined;
}

/** Where to go after the login: a path of this server, or a page of one of the plugins' host names; nowhere else. */
function destination(wanted: string, hosts: PluginHosts | undefined): Destination {
  const slug = URL.canParse(wanted) ? hosts?.slugOfOrigin(new URL(wanted).origin) : undefined;
  return { url: slug === undefined ? localPath(wanted) : new URL(wanted).href, slug };
}

/** A path below this host; browsers take `//host` and `/\host` for another one. */
function localPath(wanted: string): string {
  const base = "http://here.invalid";
  if (!wanted.startsWith("/") || !URL.canParse(wanted, base)) return "/";
  const { origin, pathname, search, hash } = new URL(wanted, base);
  return origin === base && !pathname.startsWith("//") ? `${pathname}${search}${hash}` : "/";
}

/** A page elsewhere must not sign a person in as somebody else, nor out. */
function refuseForeignForm(request: FastifyRequest, own: string): void {
  const { origin } = request.headers;
  if (origin !== undefined && origin !== own) {
    throw new Problem(403, "foreign_origin", "this form can only be sent from the server's own page");
  }
}

const loginPage = (wanted: string, error?: string) =>
  page(
    "Sign in",
    `${error === undefined ? "" : `<p class="error">${escapeHtml(error)}</p>`}
<form method="post" action="${LOGIN_PATH}"><input type="hidden" name="return" value="${escapeHtml(wanted)}">
<label>Login<input name="login" autocomplete="username" autofocus required></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button></form>`,
  );
