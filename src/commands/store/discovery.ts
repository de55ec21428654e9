import { rows } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { storeDiscovery } from "./discovery.meta.ts";

export const run: Handler<typeof storeDiscovery> = async ({ options, host }) => {
  const { on } = await host.capability("discovery");
  return rows(
    await on.discover(options.feed ?? "main"),
    [
      { key: "pluginId", title: "plugin", drop: 0 },
      { key: "version", drop: 0 },
      { key: "pluginUrl", title: "url" },
    ],
    { empty: "the list is empty", nameOf: (row) => `${row.pluginId}@${row.version}` },
  );
};
