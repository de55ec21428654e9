import { COMPLETION_SCRIPTS } from "../completion/scripts/index.ts";
import { usageError } from "../core/errors.ts";
import { text } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { completion } from "./completion.meta.ts";

export const run: Handler<typeof completion> = async ({ args }) => {
  const script = COMPLETION_SCRIPTS.get(args.shell);
  if (script !== undefined) return text(script);
  throw usageError(`there is no completion for the shell "${args.shell}"`, {
    hint: `shells: ${[...COMPLETION_SCRIPTS.keys()].join(", ")}`,
  });
};
