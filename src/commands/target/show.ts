import { record } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import { targetRow } from "./row.ts";
import type { targetShow } from "./show.meta.ts";

export const run: Handler<typeof targetShow> = async ({ args, host }) => {
  const target = host.config.target(args.name);
  const stored = await host.credentials.stored(target.name);
  return record(
    {
      ...targetRow(target, target.name === host.settings.defaultTarget),
      signedInAs: stored?.login ?? null,
    },
    [
      { key: "name" },
      { key: "kind" },
      { key: "url" },
      { key: "ca" },
      { key: "default" },
      { key: "origin" },
      { key: "signedInAs", title: "signed in as" },
      { key: "credential", title: "credential from" },
      { key: "capabilities" },
    ],
  );
};
