import { stream } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { events } from "./events.meta.ts";

export const run: Handler<typeof events> = async ({ options, host }) => {
  const { on } = await host.capability("administration");
  const items = on.events({
    since: options.since,
    onInterruption: (error) => host.warn(`${error.message}; trying again`),
  });
  return stream(
    items,
    [
      { key: "at", drop: 0 },
      { key: "type", drop: 0 },
      { key: "resource", drop: 0 },
      { key: "data", drop: 1 },
    ],
    { nameOf: (row) => String(row.id) },
  );
};
