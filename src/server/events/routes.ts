import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Frame } from "../frame.ts";
import { streamResponse } from "../http/schemas.ts";
import { type EventStreams, lastEventId } from "../http/sse.ts";
import { auditRoutes } from "./audit-routes.ts";
import { operationRoutes } from "./operation-routes.ts";

/** Audit log, operations, and the stream of events. */
export function eventRoutes(frame: Frame, streams: EventStreams) {
  return async (app: FastifyInstance): Promise<void> => {
    const { identity, context } = frame;
    auditRoutes(app, frame);
    operationRoutes(app, frame, streams);
    app.withTypeProvider<ZodTypeProvider>().route({
      method: "GET",
      url: "/events",
      schema: {
        summary: "What happens on the server, as server-sent events",
        description: "With `Last-Event-ID` the events since then that are still held come first.",
        tags: ["events"],
        response: streamResponse("text/event-stream", "Events until the client or the server ends"),
      },
      async handler(request, reply) {
        await identity.authorize(request, "read");
        const stream = streams.open(reply);
        const unsubscribe = context.events.subscribe(
          (event) => stream.send({ id: event.id, event: event.type, data: event }),
          lastEventId(request),
        );
        stream.signal.addEventListener("abort", unsubscribe, { once: true });
      },
    });
  };
}
