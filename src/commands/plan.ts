import type { Handler } from "./command.ts";
import { declaredTargets, planRows, stepsOf } from "./declared.ts";
import type { plan } from "./plan.meta.ts";

export const run: Handler<typeof plan> = async ({ args, options, host }) => {
  const { declaration, targets } = await declaredTargets(host, args.file);
  const outcomes = await stepsOf(host, declaration, targets, { prune: options.prune === true });
  return planRows(host, outcomes, { exitCode: options.exitCode === true });
};
