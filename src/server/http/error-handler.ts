import { STATUS_CODES } from "node:http";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type ErrorCode, isPlugctlError } from "../../core/errors.ts";
import { Problem } from "./problem.ts";

/** Statuses for failures of the taxonomy; what is not here is the server's fault. */
const STATUS_OF: Partial<Record<ErrorCode, number>> = {
  USAGE: 400,
  CONFIG: 400,
  INVALID: 422,
  NOT_FOUND: 404,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  CONFLICT: 409,
  UNSUPPORTED: 501,
  UNAVAILABLE: 503,
  TIMEOUT: 504,
  VERIFICATION: 422,
};

const CODE_OF_STATUS: Record<number, string> = {
  413: "body_too_large",
  415: "unsupported_media_type",
};

function fromValidation({ validation = [], validationContext }: FastifyError): Problem {
  const errors = validation.map(({ instancePath, keyword, message = "is not valid" }) => ({
    path: `${validationContext ?? "request"}${instancePath}`,
    code: keyword ?? "invalid",
    message,
  }));
  const [first] = errors;
  const detail = first ? `${first.path}: ${first.message}` : "the request does not fit its schema";
  return new Problem(400, "bad_request", detail, { errors });
}

/** Where Fastify's own text does not say what to do. */
const DETAIL_OF_STATUS: Record<number, string> = {
  415: "the body must be JSON, with the header Content-Type: application/json",
};

/** The answer to any thrown value: what is not known becomes a 500 that tells nothing of the inside. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isPlugctlError(error)) {
    const status = STATUS_OF[error.code];
    if (status !== undefined) {
      const extra = error.details === undefined ? {} : { details: error.details };
      return new Problem(status, error.code.toLowerCase(), error.message, { extra, cause: error });
    }
  } else if (error instanceof Error) {
    const { validation, statusCode, message } = error as FastifyError;
    if (validation !== undefined) return fromValidation(error as FastifyError);
    // Fastify's own refusals (body too large, malformed JSON): their texts speak of the request only.
    if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
      const code = CODE_OF_STATUS[statusCode] ?? "bad_request";
      return new Problem(statusCode, code, DETAIL_OF_STATUS[statusCode] ?? message, { cause: error });
    }
  }
  return new Problem(500, "internal", "the server failed; its log says why under this request id", {
    cause: error,
  });
}

/** The body of an answer (RFC 9457). */
export function problemBody(problem: Problem, requestId: string | null): string {
  return JSON.stringify({
    ...problem.extra,
    type: "about:blank",
    title: STATUS_CODES[problem.status] ?? "Error",
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    requestId,
    errors: problem.errors,
  });
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: unknown): void {
  const problem = toProblem(error);
  if (problem.status >= 500)
    request.log.error({ reqId: request.id, err: problem.cause ?? error }, "request failed");
  // A string goes out as it is: no response schema of the route applies to it.
  void reply
    .code(problem.status)
    .headers({ "cache-control": "no-store", ...problem.headers, "x-request-id": request.id })
    .type("application/problem+json")
    .send(problemBody(problem, request.id));
}

/** Answers every failure, of handlers and of the framework, with a problem document. */
export function addErrorHandling(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, error));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0];
    sendProblem(request, reply, new Problem(404, "not_found", `there is no ${request.method} ${path}`));
  });
}
