import { batch, type Outcome } from "../actions/batch.ts";
import type { Step } from "../actions/declared/steps.ts";
import { type StepResult, takeStep } from "../actions/declared/take-step.ts";
import type { Host } from "../host.ts";
import type { apply } from "./apply.meta.ts";
import { batchResult } from "./batch-result.ts";
import type { Handler } from "./command.ts";
import { type DeclaredTarget, declaredTargets, planRows, stepsOf } from "./declared.ts";
import { byTarget, progressOf } from "./several-targets.ts";

interface Work extends DeclaredTarget {
  name: string;
  step: Step;
  removing: ReadonlySet<string>;
}

const DONE: Readonly<Record<Step["action"], string>> = {
  install: "is installed",
  change: "is changed",
  remove: "is removed",
};

export const run: Handler<typeof apply> = async ({ args, options, host }) => {
  const { declaration, targets } = await declaredTargets(host, args.file);
  const { prune = false, parallel } = options;
  const planned = await stepsOf(host, declaration, targets, { prune, parallel });
  if (options.dryRun) return planRows(host, planned, { exitCode: false });
  const work = planned.flatMap(worksOf);
  await confirmRemovals(host, work);
  warnOfSecrets(host, work);
  const outcomes = await batch(
    work,
    async ({ step, on, removing, ...item }) => [
      await takeStep(step, on, { removing, progress: progressOf(host, work, item) }),
    ],
    byTarget(host, parallel),
  );
  for (const { item, value } of outcomes) {
    for (const warning of value?.[0]?.warnings ?? []) host.warn(`${item.target.name}: ${warning}`);
  }
  const unasked = planned.flatMap(
    ({ item, error }): Outcome<DeclaredTarget & { name: string }, StepResult[]>[] =>
      error === undefined ? [] : [{ item: { ...item, name: "" }, error }],
  );
  const all = [...outcomes, ...unasked];
  const result = batchResult<StepResult>(host, all, {
    columns: [
      { key: "action", drop: 0 },
      { key: "version", drop: 0 },
      { key: "previousVersion", title: "before", drop: 3 },
    ],
    sentence: ({ target }, { name, action, version }) =>
      `${target.name}:${name}${version === null ? "" : ` ${version}`} ${DONE[action]}`,
    empty: "nothing to do: everything is as the document says",
  });
  const untrue = all.some(({ error }) => error?.code === "VERIFICATION");
  return untrue ? { ...result, exitCode: 9 } : result;
};

function worksOf({ item, value = [] }: Outcome<DeclaredTarget, Step[]>): Work[] {
  const removing = new Set(value.flatMap(({ action, name }) => (action === "remove" ? [name] : [])));
  return value.map((step) => ({
    ...item,
    ...{ label: `${item.target.name}:${step.name}`, name: step.name, step, removing },
  }));
}

async function confirmRemovals(host: Host, work: readonly Work[]): Promise<void> {
  const labels = work.filter(({ step }) => step.action === "remove").map(({ label }) => label);
  if (labels.length === 0) return;
  await host.prompt.confirm(`Remove what is not in the document (${labels.join(", ")})?`);
}

/** Documents have the names of secrets only. */
function warnOfSecrets(host: Host, work: readonly Work[]): void {
  for (const { label, step } of work) {
    if (step.action !== "install" || !Array.isArray(step.wanted.secrets)) continue;
    const { secrets } = step.wanted;
    if (secrets.length > 0) host.warn(`${label}: plugctl set has to give its secrets: ${secrets.join(", ")}`);
  }
}
