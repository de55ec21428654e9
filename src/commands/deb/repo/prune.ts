import type { PublishedPackage } from "../../../core/deb-repository.ts";
import { formatSize } from "../../../output/format.ts";
import { done } from "../../../output/result.ts";
import type { Handler } from "../../command.ts";
import type { debRepoPrune } from "./prune.meta.ts";

const KEEP = 3;

export const run: Handler<typeof debRepoPrune> = async ({ options, host }) => {
  const { target, on } = await host.capability("repository");
  const request = { keep: options.keep ?? KEEP, channel: options.channel };
  const result = (sentence: string, packages: PublishedPackage[]) =>
    done(sentence, { target: target.name, packages }, { nameOf: () => target.name });
  const plan = await on.prune({ ...request, dryRun: true });
  if (plan.length === 0) return result(`${target.name} has no package to take out`, plan);
  if (options.dryRun) return result(`${amount(plan)} would go: ${names(plan)}`, plan);
  await host.prompt.confirm(`Take ${amount(plan)} out of the repository of ${target.name}: ${names(plan)}?`);
  const pruned = await on.prune({ ...request, dryRun: false });
  return result(`took ${amount(pruned)} out of the repository`, pruned);
};

function amount(packages: readonly PublishedPackage[]): string {
  const bytes = packages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return `${packages.length} package${packages.length === 1 ? "" : "s"} (${formatSize(bytes)})`;
}

const names = (packages: readonly PublishedPackage[]) =>
  packages.map((item) => `${item.package} ${item.version} of ${item.channel}`).join(", ");
