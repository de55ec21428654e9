import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { problemBody } from "./error-handler.ts";
import { Problem } from "./problem.ts";

const PROBLEMS: Record<string, Problem> = {
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(408, "request_timeout", "the request took too long to arrive"),
  HPE_HEADER_OVERFLOW: new Problem(431, "headers_too_large", "the request's headers are too large"),
};
const MALFORMED = new Problem(400, "bad_request", "this is not an HTTP request that can be understood");

/** Ends a request whose body stands still with an answer; Node would just cut the connection. */
export function addIdleAnswer(app: FastifyInstance): void {
  app.addHook("onRequest", (request, reply, done) => {
    // Node tells a request of it only until the request is complete.
    request.raw.on("timeout", (socket: Socket) => {
      if (reply.raw.headersSent) socket.destroy();
      else answerConnectionError({ code: "ERR_HTTP_REQUEST_TIMEOUT" }, socket);
    });
    done();
  });
}

/** Answers what never became a request: malformed HTTP, too large or too slow headers. */
export function answerConnectionError(error: { code?: string | undefined }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const problem = PROBLEMS[error.code ?? ""] ?? MALFORMED;
  const body = problemBody(problem, null);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n` +
      "content-type: application/problem+json\r\nconnection: close\r\n" +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
