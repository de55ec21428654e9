import type { FastifyReply, FastifyRequest } from "fastify";

const HEARTBEAT_MS = 15_000;
/** Unsent bytes after which a client counts as too slow and is dropped: it may come back with its last event id. */
const MAX_UNSENT_BYTES = 1024 * 1024;

export interface EventStream {
  /** Aborted when the client goes away, is too slow, or the server stops. */
  readonly signal: AbortSignal;
  send(message: { id?: number; event?: string; data: unknown }): void;
  end(): void;
}

/** Streams of server-sent events that are open, so that a stopping server can end them. */
export interface EventStreams {
  open(reply: FastifyReply): EventStream;
  closeAll(): void;
}

export function createEventStreams(): EventStreams {
  const streams = new Set<EventStream>();
  return {
    open(reply) {
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        // Asks nginx not to buffer.
        "x-accel-buffering": "no",
      });
      const controller = new AbortController();
      const write = (text: string) => {
        if (raw.destroyed || raw.writableEnded) return;
        raw.write(text);
        if (raw.writableLength > MAX_UNSENT_BYTES) raw.destroy();
      };
      const heartbeat = setInterval(() => write(":\n\n"), HEARTBEAT_MS);
      const stream: EventStream = {
        signal: controller.signal,
        send({ id, event, data }) {
          const head = `${id === undefined ? "" : `id: ${id}\n`}${event === undefined ? "" : `event: ${event}\n`}`;
          write(`${head}data: ${JSON.stringify(data)}\n\n`);
        },
        end: () => raw.end(),
      };
      raw.on("close", () => {
        clearInterval(heartbeat);
        streams.delete(stream);
        controller.abort();
      });
      streams.add(stream);
      // An event source shows itself connected at the first byte.
      write(":\n\n");
      return stream;
    },
    closeAll() {
      for (const stream of streams) stream.end();
    },
  };
}

/** The id after which a reconnecting client wants to go on. */
export function lastEventId(request: FastifyRequest): number | undefined {
  const header = request.headers["last-event-id"];
  return typeof header === "string" && /^\d{1,16}$/.test(header) ? Number(header) : undefined;
}
