import type { FastifyInstance, FastifyRequest } from "fastify";
import { notUnderstood } from "./errors.ts";

/** Takes bodies as JSON, whatever their header says. They are parsed by `jsonBody`, after it is known who sends them. */
export function takeJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
}

/** The body of a request. @throws PlainError 400 for what is no JSON, an empty one included. */
export function jsonBody({ body }: FastifyRequest): unknown {
  try {
    return JSON.parse(typeof body === "string" ? body : "");
  } catch {
    throw notUnderstood();
  }
}
