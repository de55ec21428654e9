import type { FastifyInstance, HTTPMethods } from "fastify";

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: a test states the shape that it expects of an answer
  body: any;
}

/** Calls a route with a credential: a token, a header value, or none. */
export type Call = (method: HTTPMethods, url: string, body?: unknown) => Promise<Answer>;

export function caller(app: FastifyInstance, authorization?: string): Call {
  return async (method, url, body) => {
    const answer = await app.inject({
      method,
      url: url.startsWith("/") ? url : `/api/v1/${url}`,
      headers: authorization === undefined ? {} : { authorization },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    const isJson = String(answer.headers["content-type"]).includes("json");
    return { status: answer.statusCode, headers: answer.headers, body: isJson ? answer.json() : answer.body };
  };
}

export const basic = (login: string, password: string) =>
  `Basic ${Buffer.from(`${login}:${password}`).toString("base64")}`;
