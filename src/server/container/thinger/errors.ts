import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { toProblem } from "../../http/error-handler.ts";

/** The platform's shape of a failure; `code` is ours. */
const errorSchema = z
  .object({ error: z.object({ message: z.string(), code: z.string() }) })
  .meta({ description: "Thinger's shape of an error" });

/** For the `response` of every route of Thinger's API. */
export const errorResponse = {
  default: { description: "A failure", content: { "application/json": { schema: errorSchema } } },
} as const;

/** Answers failures in the platform's own shape. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error);
    if (problem.status >= 500)
      request.log.error({ reqId: request.id, err: problem.cause ?? error }, "request failed");
    const body = { error: { message: problem.message, code: problem.code } };
    void reply
      .code(problem.status)
      .headers({ "cache-control": "no-store", ...problem.headers, "x-request-id": request.id })
      .type("application/json")
      .send(JSON.stringify(body));
  });
}
