import { conflictError, isPlugctlError, verificationError } from "../../core/errors.ts";
import type { ProgressListener } from "../../core/progress.ts";
import type { DeclaredPlugin } from "./document.ts";
import type { Declarable, Step } from "./steps.ts";

/** What a step came to. */
export interface StepResult {
  name: string;
  action: Step["action"];
  version: string | null;
  previousVersion: string | null;
  warnings: string[];
}

/**
 * Takes one step.
 * @param names of everything that is to be removed: what needs one of them may go only if it is one of them.
 * @throws VERIFICATION when what came is not what the document says, after it was taken back; CONFLICT; what the target
 * answers.
 */
export async function takeStep(
  step: Step,
  on: Declarable,
  { removing, progress }: { removing: ReadonlySet<string>; progress: ProgressListener },
): Promise<StepResult> {
  const { name, action, version, previousVersion } = step;
  if (action === "remove") {
    await remove(name, on, { removing, progress });
    return { name, action, version: null, previousVersion, warnings: [] };
  }
  const { from: source, settings, built: build } = step.wanted;
  const change = await on.installation.install(
    {
      source,
      settings: action === "install" ? settings : {},
      build,
      start: true,
      replace: action === "change",
      dryRun: false,
    },
    progress,
  );
  const warnings = [...change.warnings, ...(await verify(step.wanted, action, on, progress))];
  return { name, action, version: change.version ?? version, previousVersion, warnings };
}

async function remove(
  name: string,
  { removal }: Declarable,
  { removing, progress }: { removing: ReadonlySet<string>; progress: ProgressListener },
): Promise<void> {
  const request = { name, purge: false, dependents: true, reason: "plugctl apply --prune" };
  try {
    const others = (await removal.remove({ ...request, dryRun: true })).filter(
      (one) => !removing.has(one.name),
    );
    if (others.length > 0) {
      throw conflictError(`${name} is needed by ${others.map((one) => one.name).join(", ")}`, {
        hint: "the document has to have it as well, or none of them",
      });
    }
    await removal.remove({ ...request, dryRun: false }, progress);
  } catch (error) {
    // It went with another one that needed it.
    if (!isPlugctlError(error) || error.code !== "NOT_FOUND") throw error;
  }
}

/** Compares what is there now with the document. @returns warnings. */
async function verify(
  wanted: DeclaredPlugin,
  action: "install" | "change",
  on: Declarable,
  progress: ProgressListener,
): Promise<string[]> {
  const { name, digest } = wanted;
  if (digest === null) return [];
  const found = await digestOf(name, on);
  if (found === undefined) return [`${name}: whether it is what the document says cannot be told here`];
  if (found === digest) return [];
  if (action === "change") await on.installation.rollback({ name, dryRun: false }, progress);
  else await on.removal.remove({ name, purge: false, dryRun: false }, progress);
  throw verificationError(`${name}: what its source gives is not what the document says`, {
    hint: "it was taken back; export a new document where the source is trusted",
    details: { name, expected: digest, actual: found },
  });
}

/** Undefined where a target has none to tell. */
async function digestOf(name: string, { portability }: Declarable): Promise<string | undefined> {
  try {
    const [plugin] = await portability.export([name]);
    return plugin?.digest ?? undefined;
  } catch (error) {
    if (isPlugctlError(error) && error.code === "UNSUPPORTED") return undefined;
    throw error;
  }
}
