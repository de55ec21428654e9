import type { Handler } from "./command.ts";
import { control } from "./lifecycle.ts";
import type { stop } from "./stop.meta.ts";

export const run: Handler<typeof stop> = ({ args, options, host }) =>
  control(host, "stop", args.plugins, { timeoutSeconds: options.timeout });
