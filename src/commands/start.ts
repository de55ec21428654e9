import type { Handler } from "./command.ts";
import { control } from "./lifecycle.ts";
import type { start } from "./start.meta.ts";

export const run: Handler<typeof start> = ({ args, host }) => control(host, "start", args.plugins);
