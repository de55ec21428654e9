import { isPlugctlError, PlugctlError } from "../core/errors.ts";
import type { EventQuery, Events, TargetEvent } from "../core/observation.ts";
import type { EngineScope } from "./containers.ts";
import { LABEL } from "./labels.ts";
import { readLines } from "./lines.ts";
import { roleOf } from "./names.ts";
import { isPodman } from "./podman.ts";
import { type EngineEvent, eventSchema } from "./schema.ts";
import { dialStream } from "./transport.ts";

/** Of what engines tell of a container, what is of its life; the rest is about those who look at it. */
const ACTIONS = [
  ...["create", "start", "stop", "kill", "die", "oom", "restart", "pause", "unpause"],
  ...["update", "rename", "health_status", "destroy"],
];

/** Podman's own names for some of them, where it uses them. */
const OTHER_NAMES: Readonly<Record<string, string>> = { died: "die", remove: "destroy" };

/** Between two attempts to reach an engine that went away, in ms. */
const DELAYS_MS = [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];

/** Without a user it is about the plugins of all: resources are then named `plugin:<user>/<plugin>`. */
type EventScope = Pick<EngineScope, "client"> & { user?: string };

/** What happens to plugins on an engine. Engines hold some hundred events, until they are restarted. */
export function createEvents(scope: EventScope): Events {
  return {
    async *events(query) {
      if (typeof query.since === "number") {
        throw new PlugctlError("UNSUPPORTED", `target "${scope.client.target}" does not number its events`, {
          hint: "--since takes a time as well: how long ago (1h), or a date",
        });
      }
      const place = new Place(query.since);
      if (query.follow) yield* follow(scope, query, place);
      else yield* readEvents(scope, place, { end: await endNow(scope) });
    },
  };
}

/** Over the end of a connection: the engine may be restarted meanwhile. @throws what the first attempt throws. */
async function* follow(
  scope: EventScope,
  { onInterruption }: EventQuery,
  place: Place,
): AsyncGenerator<TargetEvent> {
  const { client } = scope;
  let failures = 0;
  for (let connected = false; ; ) {
    let error = new PlugctlError("UNAVAILABLE", `target "${client.target}" ended the stream of events`);
    try {
      const opened = () => {
        connected = true;
        failures = 0;
      };
      yield* readEvents(scope, place, { opened });
    } catch (thrown) {
      if (!connected || !isPlugctlError(thrown) || !["UNAVAILABLE", "TIMEOUT"].includes(thrown.code))
        throw thrown;
      error = thrown;
    }
    const delayMs = DELAYS_MS[failures];
    if (delayMs === undefined) throw error;
    if (failures === 0) onInterruption?.(error);
    failures += 1;
    place.hold();
    await client.sleep(delayMs);
  }
}

/** Podman stops at a time that is past before it has read what was, and has a word of its own. */
async function endNow({ client }: EventScope): Promise<Record<string, unknown>> {
  return (await isPodman(client)) ? { stream: false } : { until: seconds(Date.now() * 1e6) };
}

async function* readEvents(
  { client, user }: EventScope,
  place: Place,
  { end, opened }: { end?: Record<string, unknown>; opened?: () => void },
): AsyncGenerator<TargetEvent> {
  const filters = {
    type: ["container"],
    label: [LABEL.plugin, ...(user === undefined ? [] : [`${LABEL.user}=${user}`])],
  };
  const query = {
    filters: JSON.stringify(filters),
    ...(place.since === undefined ? {} : { since: place.since }),
    ...(end ?? {}),
  };
  const { body, error } = await client.stream((docker, signal) =>
    dialStream(docker, { path: "/events", query, signal }),
  );
  opened?.();
  try {
    for await (const line of readLines(body)) {
      const event = eventSchema.safeParse(parseJson(line));
      if (!event.success || !place.isNew(event.data)) continue;
      const told = toTargetEvent(event.data, { withUser: user === undefined });
      if (told !== undefined) yield told;
    }
  } catch (thrown) {
    throw error(thrown);
  } finally {
    body.destroy();
  }
}

function toTargetEvent(
  { Action, Actor, time, timeNano }: EngineEvent,
  { withUser }: { withUser: boolean },
): TargetEvent | undefined {
  // `health_status: healthy`, `exec_start: sh -c …`
  const [word = "", detail] = Action.split(": ");
  const action = OTHER_NAMES[word] ?? word;
  const { Attributes } = Actor;
  if (!ACTIONS.includes(action)) return undefined;
  const role = roleOf(Attributes.name ?? "");
  const exitCode = Attributes.exitCode ?? Attributes.containerExitCode;
  const health = action === "health_status" ? (detail ?? Attributes.health_status) : undefined;
  return {
    at: new Date(timeNano > 0 ? timeNano / 1e6 : time * 1000).toISOString(),
    type: `plugin.${action === "health_status" ? "health" : action}`,
    resource: `plugin:${withUser ? `${Attributes[LABEL.user] ?? ""}/` : ""}${Attributes[LABEL.plugin] ?? ""}`,
    data: {
      container: Actor.ID.slice(0, 12),
      ...(role === "current" ? {} : { role }),
      ...(action === "die" && exitCode !== undefined ? { exitCode: Number(exitCode) } : {}),
      ...(Attributes.signal === undefined ? {} : { signal: Attributes.signal }),
      ...(health === undefined ? {} : { health }),
    },
  };
}

/** How many of the latest events are remembered, to be told from those that come again. */
const REMEMBERED = 64;

/** Where to go on reading: engines begin with a time, not after it. */
class Place {
  since: string | undefined;
  #seen: string[] = [];

  constructor(since: Date | undefined) {
    this.since = since === undefined ? undefined : seconds(since.getTime() * 1e6);
  }

  isNew({ timeNano, Action, Actor }: EngineEvent): boolean {
    const key = `${timeNano} ${Actor.ID} ${Action}`;
    if (this.#seen.includes(key)) return false;
    this.#seen = [...this.#seen, key].slice(-REMEMBERED);
    // A number of JSON is not exact to the last nanoseconds.
    this.since = seconds(timeNano - 1000);
    return true;
  }

  /** Nothing is missed that happens while there is no connection, whether or not anything happened before. */
  hold(): void {
    this.since ??= seconds(Date.now() * 1e6);
  }
}

/** Nanoseconds since 1970 as engines take a time. */
const seconds = (nanos: number) =>
  `${Math.floor(nanos / 1e9)}.${String(Math.floor(nanos % 1e9)).padStart(9, "0")}`;

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
