import { formatSize } from "../../output/format.ts";
import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { containerPrune } from "./prune.meta.ts";

export const run: Handler<typeof containerPrune> = async ({ options, host }) => {
  const { target, on } = await host.capability("images");
  const plan = await on.prune({ dryRun: true });
  const result = (sentence: string, pruned: typeof plan) =>
    done(sentence, { target: target.name, kind: target.kind, ...pruned }, { nameOf: () => target.name });
  const amount = ({ removed, freedBytes }: typeof plan) =>
    `${removed.length} image${removed.length === 1 ? "" : "s"} (${formatSize(freedBytes)})`;
  if (plan.removed.length === 0) return result(`${target.name} has no image to delete`, plan);
  if (options.dryRun) return result(`${amount(plan)} would be deleted: ${plan.removed.join(", ")}`, plan);
  await host.prompt.confirm(`Delete ${amount(plan)} on ${target.name}?`);
  const pruned = await on.prune({ dryRun: false });
  return result(`deleted ${amount(pruned)}`, pruned);
};
