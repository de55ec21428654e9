import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import { settableKey } from "./keys.ts";
import type { configUnset } from "./unset.meta.ts";

export const run: Handler<typeof configUnset> = async ({ args, host }) => {
  const key = settableKey(args.key);
  await host.config.editUser([{ path: [key], value: undefined }]);
  return done(`${key} is not set by ${host.config.userPath} any more`, { name: key });
};
