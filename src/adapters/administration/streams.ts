import { type $ZodType, type output, safeParse } from "zod/v4/core";
import type { Administration, Operation } from "../../core/administration.ts";
import { PlugctlError } from "../../core/errors.ts";
import type { Events } from "../../core/observation.ts";
import type { HttpClient } from "../http/call.ts";
import { path } from "../http/path.ts";
import { resumeEvents } from "./resume.ts";
import { eventSchema, operationSchema, progressSchema } from "./schema.ts";

/** The data of an event, checked. @throws BACKEND when it does not fit. */
function parseData<S extends $ZodType>(data: string, schema: S, target: string): output<S> {
  const unfit = (why: string) =>
    new PlugctlError("BACKEND", `target "${target}" sent an event ${why}`, { details: { target } });
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw unfit("that is not JSON");
  }
  const parsed = safeParse(schema, value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unfit(`that does not fit at ${issue?.path.join(".") || "(top)"}: ${issue?.message}`);
}

export function createOperations(client: HttpClient, signal: AbortSignal): Administration["operations"] {
  const get = (id: string): Promise<Operation> =>
    client.json("GET", path`operations/${id}`, { schema: operationSchema });
  return {
    get,
    async *follow(id) {
      for await (const { event, data } of resumeEvents(client, path`operations/${id}/events`, { signal })) {
        if (event === "progress") yield parseData(data, progressSchema, client.target);
        if (event !== "end") continue;
        yield parseData(data, operationSchema, client.target);
        return;
      }
    },
  };
}

/** What happens on the server, which numbers its events and holds the last thousand. */
export function createEvents(client: HttpClient, signal: AbortSignal): Events {
  return {
    async *events({ since, follow, onInterruption }) {
      if (!follow) {
        throw new PlugctlError("UNSUPPORTED", `target "${client.target}" does not say where its events end`, {
          hint: "leave --no-follow out",
        });
      }
      // All that it holds, to begin at a time.
      const lastEventId = since === undefined ? undefined : since instanceof Date ? "0" : String(since);
      for await (const { data } of resumeEvents(client, "events", { signal, lastEventId, onInterruption })) {
        const event = parseData(data, eventSchema, client.target);
        if (!(since instanceof Date) || Date.parse(event.at) >= since.getTime()) yield event;
      }
    },
  };
}
