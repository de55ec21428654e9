import { configSchema } from "../../config/schema.ts";
import { usageError } from "../../core/errors.ts";
import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import { settableKey } from "./keys.ts";
import type { configSet } from "./set.meta.ts";

export const run: Handler<typeof configSet> = async ({ args, host }) => {
  const key = settableKey(args.key);
  const checked = configSchema.safeParse({ [key]: args.value });
  if (!checked.success) throw usageError(`${key}: ${checked.error.issues[0]?.message}`);
  if (key === "target") host.config.target(args.value);
  await host.config.editUser([{ path: [key], value: args.value }]);
  return done(`${key} is ${args.value} now (${host.config.userPath})`, { name: key, value: args.value });
};
