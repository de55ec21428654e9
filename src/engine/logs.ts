import type { LogLine, LogQuery, Logs } from "../core/observation.ts";
import type { EngineStream } from "./client.ts";
import { type EngineScope, findContainer, pluginContainer } from "./containers.ts";
import { type Frame, readFrames } from "./frames.ts";
import { LogLines } from "./log-lines.ts";
import { containerNames } from "./names.ts";
import type { Container } from "./schema.ts";
import { dialStream } from "./transport.ts";

/** How often a plugin that has stopped is looked at, to go on when it runs again. */
const LOOK_AGAIN_MS = 250;

export function createLogs(scope: EngineScope): Logs {
  return {
    async *logs(query) {
      const container = await pluginContainer(scope, query.name);
      yield* query.follow ? follow(scope, query, container) : readLog(scope, query, container);
    },
  };
}

/**
 * Follows over the end of a run: engines end a followed log when the container stops. A later run of the same
 * container is read from the last line's time on, whose lines are not repeated; a container that took its place (an
 * update, new settings) from its beginning.
 */
async function* follow(scope: EngineScope, query: LogQuery, first: Container): AsyncGenerator<LogLine> {
  const { signal } = scope.client;
  const seen = new Seen();
  let container = first;
  let since = query.since === undefined ? undefined : toSeconds(query.since.toISOString());
  let tail = query.tail;
  while (!isPast(query.until)) {
    const started = container.State.StartedAt;
    for await (const line of readLog(scope, { ...query, tail }, container, since)) {
      if (seen.isNew(line)) yield line;
    }
    tail = undefined;
    const next = await nextRun(scope, query, { id: container.Id, started });
    if (next === undefined || signal.aborted) return;
    if (next.Id !== container.Id) seen.clear();
    since = seen.resume();
    container = next;
  }
}

/** Waits until the plugin runs once more; undefined when it is removed or the time is over. */
async function nextRun(
  scope: EngineScope,
  query: LogQuery,
  last: { id: string; started: string | undefined },
): Promise<Container | undefined> {
  const { current } = containerNames(scope.user, query.name);
  let missing = 0;
  while (!isPast(query.until)) {
    const found = await findContainer(scope, current);
    if (found !== undefined && found.State.Status !== "created") {
      const isSame = found.Id === last.id && found.State.StartedAt === last.started;
      if (!isSame || isRunning(found)) return found;
    }
    // While another container takes its place there is none of the name for a moment.
    missing = found === undefined ? missing + 1 : 0;
    if (missing > 20) return undefined;
    await scope.client.sleep(LOOK_AGAIN_MS);
  }
  return undefined;
}

const isRunning = ({ State }: Container) => ["running", "paused"].includes(State.Status);

/**
 * The output of one container.
 * @param since seconds with a fraction, as engines take them; default: what the query says.
 */
export async function* readLog(
  { client }: EngineScope,
  { name, follow, tail, since: wanted, until }: LogQuery,
  container: Container,
  since = wanted === undefined ? undefined : toSeconds(wanted.toISOString()),
): AsyncGenerator<LogLine> {
  const query = {
    ...{ stdout: true, stderr: true, timestamps: true, follow },
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until: toSeconds(until.toISOString()) }),
  };
  const path = `/containers/${container.Id}/logs`;
  const stream = await client.stream((docker, signal) => dialStream(docker, { path, query, signal }), {
    subject: `plugin "${name}"`,
  });
  const lines = new LogLines(name);
  for await (const frame of frames(stream, container.Config.Tty === true)) yield* lines.push(frame);
  yield* lines.end();
}

async function* frames({ body, error }: EngineStream, isTty: boolean): AsyncGenerator<Frame> {
  try {
    if (!isTty) yield* readFrames(body);
    else for await (const data of body as AsyncIterable<Buffer>) yield { stream: "stdout", data };
  } catch (thrown) {
    throw error(thrown);
  } finally {
    body.destroy();
  }
}

/** The lines at the latest time seen: engines begin with that time, not after it. */
class Seen {
  #at: string | undefined;
  #counts = new Map<LogLine["stream"], number>();
  #skip = new Map<LogLine["stream"], number>();

  /** Where to go on reading; what follows is compared with what has been seen. */
  resume(): string | undefined {
    this.#skip = new Map(this.#counts);
    return this.#at === undefined ? undefined : toSeconds(this.#at);
  }

  clear(): void {
    this.#at = undefined;
    this.#counts.clear();
    this.#skip.clear();
  }

  isNew({ at, stream }: LogLine): boolean {
    if (at === null) return true;
    const skip = this.#skip.get(stream) ?? 0;
    if (at === this.#at && skip > 0) {
      this.#skip.set(stream, skip - 1);
      return false;
    }
    if (this.#at === undefined || at > this.#at) {
      this.#at = at;
      this.#counts.clear();
    }
    if (at === this.#at) this.#counts.set(stream, (this.#counts.get(stream) ?? 0) + 1);
    return true;
  }
}

/** A time as engines take it: seconds and nanoseconds since 1970. */
export function toSeconds(stamp: string): string {
  const fraction = /\.(\d+)/.exec(stamp)?.[1] ?? "";
  return `${Math.floor(Date.parse(stamp) / 1000)}.${fraction.slice(0, 9).padEnd(9, "0")}`;
}

const isPast = (until: Date | undefined) => until !== undefined && until.getTime() <= Date.now();
