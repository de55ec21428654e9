import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Frame } from "../frame.ts";
import { Problem } from "../http/problem.ts";
import { listOf, problemResponse, streamResponse, timeSchema } from "../http/schemas.ts";
import { type EventStream, type EventStreams, lastEventId } from "../http/sse.ts";
import type { OperationRecord } from "./operations.ts";

export const operationSchema = z.object({
  id: z.string(),
  kind: z.string(),
  resource: z.string(),
  state: z.enum(["running", "succeeded", "failed", "interrupted"]),
  actor: z.string(),
  startedAt: timeSchema,
  finishedAt: timeSchema.nullable(),
  result: z.unknown(),
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      details: z.record(z.string(), z.unknown()).optional(),
    })
    .nullable(),
});
const paramsSchema = z.object({ id: z.uuid() });

export function operationRoutes(
  app: FastifyInstance,
  { identity, operations, context }: Frame,
  streams: EventStreams,
): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const tags = ["operations"];

  async function getOperation(id: string): Promise<OperationRecord> {
    const operation = await operations.get(id);
    if (operation === undefined) throw new Problem(404, "operation_not_found", `there is no operation ${id}`);
    return operation;
  }

  async function follow(id: string, stream: EventStream, afterSeq: number): Promise<void> {
    for await (const event of operations.events(id, afterSeq, stream.signal)) {
      stream.send({ id: event.seq, event: "progress", data: event });
    }
    if (!stream.signal.aborted) stream.send({ event: "end", data: await getOperation(id) });
  }

  typed.route({
    method: "GET",
    url: "/operations",
    schema: {
      summary: "List operations, newest first",
      tags,
      querystring: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) }),
      response: { 200: listOf(operationSchema), ...problemResponse },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      return { items: await operations.list(request.query.limit) };
    },
  });

  typed.route({
    method: "GET",
    url: "/operations/:id",
    schema: {
      summary: "Show an operation",
      tags,
      params: paramsSchema,
      response: { 200: operationSchema, ...problemResponse },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      return getOperation(request.params.id);
    },
  });

  typed.route({
    method: "GET",
    url: "/operations/:id/events",
    schema: {
      summary: "Progress of an operation as server-sent events",
      description: "`progress` for each step, and `end` with the operation's record as the last one.",
      tags,
      params: paramsSchema,
      response: streamResponse("text/event-stream", "Events until the operation ends"),
    },
    async handler(request, reply) {
      await identity.authorize(request, "read");
      const { id } = await getOperation(request.params.id);
      const stream = streams.open(reply);
      try {
        await follow(id, stream, lastEventId(request) ?? 0);
      } catch (error) {
        // The headers are out: all that is left is to end the stream without its `end` event.
        context.log.error({ err: error, operation: id }, "following an operation failed");
      } finally {
        stream.end();
      }
    },
  });
}
