import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import { targetRow } from "./row.ts";
import type { targetUse } from "./use.meta.ts";

export const run: Handler<typeof targetUse> = async ({ args, host }) => {
  const target = host.config.target(args.name);
  await host.config.editUser([{ path: ["target"], value: target.name }]);
  return done(`${target.name} is the default target now`, targetRow(target, true));
};
