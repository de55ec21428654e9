import { rows } from "../output/result.ts";
import { addressed } from "./addressed.ts";
import type { Handler } from "./command.ts";
import type { history } from "./history.meta.ts";

export const run: Handler<typeof history> = async ({ args, host }) => {
  const { target, on, name, label } = await addressed(host, "history", args.plugin);
  const entries = await on.history(name);
  return rows(
    entries.map((entry) => ({ target: target.name, kind: target.kind, name, ...entry })),
    [
      { key: "at", title: "when", as: "time", drop: 0 },
      { key: "action", drop: 0 },
      { key: "version", drop: 0 },
      { key: "previousVersion", title: "before", drop: 2 },
      { key: "state", as: "state", drop: 0 },
      { key: "actor", drop: 3 },
      { key: "error", drop: 1 },
      { key: "id", title: "operation", drop: 4 },
    ],
    { empty: `nothing was done to ${label} yet`, nameOf: ({ id }) => `${target.name}:${id}` },
  );
};
