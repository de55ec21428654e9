import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { toProblem } from "../../http/error-handler.ts";

export interface PlugindErrorOptions {
  details?: Readonly<Record<string, unknown>>;
  resource?: string;
  cause?: unknown;
}

/** A failure in wazo's envelope (wazo-plugind spec, section 1.4). */
export class PlugindError extends Error {
  readonly status: number;
  readonly errorId: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly resource: string | undefined;

  constructor(status: number, errorId: string, message: string, options: PlugindErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.errorId = errorId;
    this.details = options.details ?? {};
    this.resource = options.resource;
  }
}

/** A refusal that the framework of the original makes: it has a message and nothing else. */
export class PlainError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export const notUnderstood = () =>
  new PlainError(400, "The browser (or proxy) sent a request that this server could not understand.");

export const invalidData = (details: Readonly<Record<string, unknown>>) =>
  new PlugindError(400, "invalid-data", "Invalid data", { resource: "plugins", details });

export const pluginNotFound = (namespace: string, name: string) =>
  new PlugindError(404, "plugin-not-found", `Plugin not found ${namespace}/${name}`, {
    resource: "plugins",
    details: { name, namespace },
  });

/** JSON as the original writes it: with a line's end. */
export const json = (value: unknown) => `${JSON.stringify(value)}\n`;

/** Answers every failure of the routes below it, and unknown paths, in wazo's shapes. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendError(request, reply, error));
  app.setNotFoundHandler((_request, reply) => {
    void reply
      .code(404)
      .type("application/json")
      .send(json({ message: "The requested URL was not found on the server." }));
  });
}

function sendError(request: FastifyRequest, reply: FastifyReply, error: unknown): void {
  const { status, headers, body } = toAnswer(request, error);
  void reply
    .code(status)
    .headers({ "cache-control": "no-store", ...headers })
    .type("application/json")
    .send(json(body));
}

interface ErrorAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Readonly<Record<string, unknown>>;
}

function toAnswer(request: FastifyRequest, error: unknown): ErrorAnswer {
  if (error instanceof PlainError) {
    return { status: error.status, headers: error.headers, body: { message: error.message } };
  }
  if (error instanceof PlugindError) {
    const { status, message, errorId: error_id, details, resource } = error;
    if (status >= 500) request.log.warn({ err: error.cause ?? error }, "a request could not be answered");
    const envelope = { message, error_id, details, timestamp: Date.now() / 1000 };
    return { status, headers: {}, body: resource === undefined ? envelope : { ...envelope, resource } };
  }
  const problem = toProblem(error);
  if (problem.status >= 500) request.log.error({ err: problem.cause ?? error }, "request failed");
  const message = problem.status === 500 ? "Internal Server Error" : problem.message;
  return { status: problem.status, headers: problem.headers, body: { message } };
}
