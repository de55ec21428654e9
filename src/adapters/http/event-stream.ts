import { createParser } from "eventsource-parser";
import type { ServerSentEvent } from "./call.ts";

/** Characters that one event may have: what a server sends without an end is not kept for ever. */
const EVENT_CHARACTERS = 8 * 1024 * 1024;

/** Parses `text/event-stream` as it comes. @throws when an event is too large; whatever the body throws. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const pending: ServerSentEvent[] = [];
  let failure: Error | undefined;
  const parser = createParser({
    maxBufferSize: EVENT_CHARACTERS,
    onEvent: ({ id, event, data }) => pending.push({ id: id ?? null, event: event ?? "message", data }),
    // A field that nobody knows is to be passed over, says the standard.
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") failure = error;
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* pending.splice(0);
    if (failure !== undefined) throw failure;
  }
}
