import { type EventSource, watchEvents } from "../actions/watch-events.ts";
import type { Host } from "../host.ts";
import { stream } from "../output/result.ts";
import { addressedAll } from "./addressed.ts";
import type { Handler } from "./command.ts";
import type { events } from "./events.meta.ts";
import { parseInstant } from "./instant.ts";

export const run: Handler<typeof events> = async ({ args, options, host }) => {
  const query = {
    since: options.since === undefined ? undefined : parseSince(options.since, host.now()),
    follow: options.noFollow !== true,
    onInterruption: (error: Error) => host.warn(`${error.message}; trying again`),
  };
  const items = watchEvents(await sources(host, args.plugins), query, (target, { code, message }) => {
    // A target that has no events at all is no news to somebody who looks at all targets.
    if (code !== "UNSUPPORTED" || host.settings.target.length > 0) host.warn(`${target}: ${message}`);
  });
  return stream(
    items,
    [
      { key: "at", drop: 0 },
      { key: "target", drop: 2 },
      { key: "type", drop: 0 },
      { key: "resource", drop: 0 },
      { key: "data", drop: 1 },
    ],
    { nameOf: (row) => String(row.id ?? row.resource) },
  );
};

async function sources(host: Host, plugins: readonly string[]): Promise<EventSource[]> {
  if (plugins.length === 0) {
    return (await host.targets("events")).map((target) => ({
      target,
      open: () => host.use("events", target),
      plugins: undefined,
    }));
  }
  const byTarget = Map.groupBy(await addressedAll(host, "events", plugins), ({ target }) => target.name);
  return [...byTarget.values()].flatMap((members) =>
    members
      .slice(0, 1)
      .map(({ target, on }) => ({ target, open: async () => on, plugins: members.map(({ name }) => name) })),
  );
}

/** The number of an event, or a point in time. @throws USAGE. */
const parseSince = (text: string, now: Date) =>
  /^\d+$/.test(text) ? Number(text) : new Date(parseInstant(text, "--since", now));
