import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { problemBody } from "./error-handler.ts";
import { Problem } from "./problem.ts";

const PROBLEMS: Record<string, Problem> = {
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(408, "request_timeout", "the request took too long to arrive"),
  HPE_HEADER_OVERFLOW: new Problem(431, "headers_too_large", "the request's headers are too large"),
};
const MALFORMED = new Problem(400, "bad_request", "this is not an HTTP request that can be understood");

/** Answers what never became a request: malformed HTTP, too large or too slow headers. */
export function answerConnectionError(error: NodeJS.ErrnoException, socket: Socket): void {
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
