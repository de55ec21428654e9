import { record } from "../../output/result.ts";
import { addressed } from "../addressed.ts";
import type { Handler } from "../command.ts";
import { accessRow } from "./row.ts";
import type { accessShow } from "./show.meta.ts";

export const run: Handler<typeof accessShow> = async ({ args, host }) => {
  const plugin = await addressed(host, "access", args.plugin);
  return record(
    accessRow(plugin, await plugin.on.get(plugin.name)),
    [
      { key: "name" },
      { key: "access" },
      { key: "url" },
      {
        key: "authenticates",
        title: "asks for a login",
        show: (authenticates) => (authenticates ? "yes" : "no"),
      },
      { key: "warnings" },
    ],
    { nameOf: () => plugin.label },
  );
};
