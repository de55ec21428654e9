import type { Handler } from "./command.ts";
import type { kill } from "./kill.meta.ts";
import { control } from "./lifecycle.ts";

export const run: Handler<typeof kill> = ({ args, options, host }) =>
  control(host, "kill", args.plugins, { signal: options.signal });
