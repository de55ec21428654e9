import { rows } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { configShow } from "./show.meta.ts";

export const run: Handler<typeof configShow> = async ({ host }) => {
  const settings = host.explainSettings().map(({ key, value, origin, source }) => ({
    name: key,
    value: value ?? null,
    origin,
    source,
  }));
  const targets = host.config.targets().map((target) => ({
    name: `targets.${target.name}`,
    value: `${target.kind} ${target.url}`,
    origin: target.origin,
    source: host.config.files.find(({ origin }) => origin === target.origin)?.path ?? "",
  }));
  return rows(
    [...settings, ...targets],
    [
      { key: "name", title: "setting", drop: 0 },
      { key: "value", drop: 0 },
      { key: "origin", drop: 1 },
      { key: "source", drop: 2 },
    ],
    { empty: "no settings" },
  );
};
