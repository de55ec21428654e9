import type { FastifyReply, FastifyRequest } from "fastify";
import { problemBody } from "../../http/error-handler.ts";
import type { Problem } from "../../http/problem.ts";

/** Pages are plain HTML with a style of their own and nothing else. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:15vh auto;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.25rem}label{display:block;margin:.75rem 0}input{display:block;width:100%;font:inherit;padding:.4rem;box-sizing:border-box}
button{font:inherit;padding:.4rem 1.2rem}.error{color:#b00020}@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}}`;

const ESCAPES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "");

/** True when a person looks at the answer. */
export const wantsPage = (request: FastifyRequest) => request.headers.accept?.includes("text/html") === true;

/** @param body HTML. */
export const page = (title: string, body: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style><h1>${escapeHtml(title)}</h1>${body}</html>`;

export function sendPage(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply
    .code(status)
    .headers({ "cache-control": "no-store", "content-security-policy": CONTENT_SECURITY_POLICY })
    .type("text/html; charset=utf-8")
    .send(html);
}

/** A failure as a page for people and as a problem document for programs. */
export function sendFailure(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  reply.headers({ ...problem.headers, "x-request-id": request.id });
  if (wantsPage(request)) {
    const title = TITLES[problem.status] ?? "This did not work";
    const body = `<p>${escapeHtml(problem.message)}</p><p><small>${escapeHtml(request.id)}</small></p>`;
    return sendPage(reply, problem.status, page(title, body));
  }
  return reply
    .code(problem.status)
    .header("cache-control", "no-store")
    .type("application/problem+json")
    .send(problemBody(problem, request.id));
}

const TITLES: Record<number, string> = {
  403: "You may not open this plugin",
  404: "There is no such plugin",
  429: "Too many requests",
  502: "The plugin does not answer",
  503: "The plugin is not running",
  504: "The plugin takes too long",
};
