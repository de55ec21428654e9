import type { Handler } from "./command.ts";
import { control } from "./lifecycle.ts";
import type { pause } from "./pause.meta.ts";

export const run: Handler<typeof pause> = ({ args, host }) => control(host, "pause", args.plugins);
