import type { Administration, Operation } from "../core/administration.ts";
import { PlugctlError } from "../core/errors.ts";
import type { ProgressListener } from "../core/progress.ts";

/** Waits for an operation of a server's and reports its steps. @throws BACKEND when it does not succeed. */
export async function followOperation(
  operations: Administration["operations"],
  started: Operation,
  progress: ProgressListener,
): Promise<Operation> {
  for await (const step of operations.follow(started.id)) {
    if ("phase" in step) {
      progress(step);
      continue;
    }
    if (step.state === "succeeded") return step;
    throw new PlugctlError("BACKEND", step.error?.message ?? `operation ${step.id} is ${step.state}`, {
      details: { operation: step.id, kind: step.kind, state: step.state, code: step.error?.code ?? null },
    });
  }
  throw new PlugctlError("BACKEND", `operation ${started.id} ended without a result`, {
    details: { operation: started.id },
  });
}
