import { resolve } from "node:path";
import { batch, type Outcome } from "../actions/batch.ts";
import { type Declaration, readDeclaration } from "../actions/declared/document.ts";
import { type Declarable, type Step, stepsTo } from "../actions/declared/steps.ts";
import type { Target } from "../config/config.ts";
import { usageError } from "../core/errors.ts";
import type { Host } from "../host.ts";
import { type Result, rows } from "../output/result.ts";
import type { Column } from "../output/table.ts";
import { pluginName } from "./plugin-rows.ts";
import { readStdin } from "./stdin-text.ts";

/** A target that is to be brought to a document. */
export interface DeclaredTarget {
  label: string;
  target: Target;
  on: Declarable;
}

/** The document that a command was given, and the targets that it is for. @throws USAGE for one of another kind. */
export async function declaredTargets(
  host: Host,
  file: string,
): Promise<{ declaration: Declaration; targets: DeclaredTarget[] }> {
  const declaration = await readDeclaration(resolve(host.cwd, file), {
    label: file === "-" ? "stdin" : file,
    text: file === "-" ? await readStdin(host) : undefined,
    cwd: host.cwd,
  });
  const targets = await host.eachTarget("portability");
  for (const { name, kind } of targets) {
    if (kind === declaration.kind) continue;
    throw usageError(
      `the document is of a target of kind ${declaration.kind}, and ${name} is of kind ${kind}`,
      {
        hint: "name targets of that kind with --target",
      },
    );
  }
  const opened = targets.map(async (target) => ({
    label: target.name,
    target,
    on: await open(host, target),
  }));
  return { declaration, targets: await Promise.all(opened) };
}

async function open(host: Host, target: Target): Promise<Declarable> {
  const [portability, listing, installation, removal] = await Promise.all([
    host.use("portability", target),
    host.use("listing", target),
    host.use("installation", target),
    host.use("removal", target),
  ]);
  return { portability, listing, installation, removal };
}

/** The steps of each target; one that does not answer keeps nobody else from being asked. */
export const stepsOf = (
  host: Host,
  declaration: Declaration,
  targets: readonly DeclaredTarget[],
  { prune, parallel = 4 }: { prune: boolean; parallel?: number | undefined },
): Promise<Outcome<DeclaredTarget, Step[]>[]> =>
  batch(targets, ({ on }) => stepsTo(declaration, on, { prune }), {
    concurrency: parallel,
    signal: host.signal,
  });

const COLUMNS: readonly Column[] = [
  { key: "target", drop: 2 },
  { key: "name", drop: 0 },
  { key: "action", drop: 0 },
  { key: "version", drop: 0 },
  { key: "previousVersion", title: "before", drop: 3 },
  { key: "reason", drop: 1 },
];

/** What would be done. */
export function planRows(
  host: Host,
  outcomes: readonly Outcome<DeclaredTarget, Step[]>[],
  { exitCode }: { exitCode: boolean },
): Result {
  const found = outcomes.flatMap(({ item, value, error }) => {
    if (error !== undefined) host.warn(`${item.label}: ${error.message}`);
    return (value ?? []).map(({ name, action, version, previousVersion, reason }) => ({
      ...{ target: item.target.name, kind: item.target.kind, name },
      ...{ action, version, previousVersion, reason },
    }));
  });
  const failed = outcomes.some(({ error }) => error !== undefined);
  const different = exitCode && found.length > 0 ? 10 : 0;
  return rows(found, COLUMNS, {
    empty: failed ? "nothing to do on the others" : "nothing to do: everything is as the document says",
    nameOf: pluginName,
    exitCode: failed ? 8 : different,
  });
}
