import type { Handler } from "./command.ts";
import { control } from "./lifecycle.ts";
import type { restart } from "./restart.meta.ts";

export const run: Handler<typeof restart> = ({ args, options, host }) =>
  control(host, "restart", args.plugins, { timeoutSeconds: options.timeout });
