import type { Handler } from "./command.ts";
import { control } from "./lifecycle.ts";
import type { resume } from "./resume.meta.ts";

export const run: Handler<typeof resume> = ({ args, host }) => control(host, "resume", args.plugins);
