import type { FastifyRequest } from "fastify";
import { Problem } from "../http/problem.ts";
import { TOKEN_PREFIX } from "./token-format.ts";

export type Credential =
  | { kind: "token"; token: string }
  | { kind: "jwt"; jwt: string }
  | { kind: "password"; login: string; password: string };

export const invalidCredential = (detail: string, code = "token_invalid", cause?: unknown) =>
  new Problem(401, code, detail, { cause, headers: { "www-authenticate": "Bearer" } });

function readBasic(value: string): Credential {
  // Piral's publishing client sends its key in the clear behind `Basic`.
  if (value.startsWith(TOKEN_PREFIX)) return { kind: "token", token: value };
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) throw invalidCredential("the Basic credential is not login:password");
  const [login, secret] = [text.slice(0, colon), text.slice(colon + 1)];
  if (secret.startsWith(TOKEN_PREFIX)) return { kind: "token", token: secret };
  return { kind: "password", login, password: secret };
}

/** The credential that a request carries, unchecked. @throws Problem 401 when its header has no form that we know. */
export function readCredential(request: FastifyRequest): Credential | null {
  const { authorization, "x-api-key": apiKey, "x-auth-token": wazoToken } = request.headers;
  if (authorization === undefined) {
    if (typeof apiKey === "string") return { kind: "token", token: apiKey };
    return typeof wazoToken === "string" ? bearer(wazoToken) : null;
  }
  const space = authorization.indexOf(" ");
  const scheme = authorization.slice(0, space).toLowerCase();
  const value = authorization.slice(space + 1).trim();
  if (scheme === "basic") return readBasic(value);
  if (scheme !== "bearer") throw invalidCredential("the Authorization header has an unknown scheme");
  return bearer(value);
}

/** What a text stands for that is a token or the access token of a login. */
export const bearer = (text: string): Credential =>
  text.startsWith(TOKEN_PREFIX) ? { kind: "token", token: text } : { kind: "jwt", jwt: text };
