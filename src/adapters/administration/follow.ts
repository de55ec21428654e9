import type { Operation } from "../../core/administration.ts";
import { PlugctlError } from "../../core/errors.ts";
import type { ProgressListener } from "../../core/progress.ts";
import type { HttpClient } from "../http/call.ts";
import { createOperations } from "./streams.ts";

const CODES: ReadonlySet<string> = new Set([
  "INVALID",
  "NOT_FOUND",
  "CONFLICT",
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "UNAVAILABLE",
  "TIMEOUT",
  "UNSUPPORTED",
  "VERIFICATION",
]);

/**
 * Waits for an operation of the server's that an adapter began, and passes its steps on.
 * @throws its failure, with the server's code where it is one of ours.
 */
export async function followOperation(
  http: HttpClient,
  id: string,
  { signal, progress }: { signal: AbortSignal; progress: ProgressListener },
): Promise<Operation> {
  for await (const step of createOperations(http, signal).follow(id)) {
    if ("phase" in step) {
      progress(step);
      continue;
    }
    if (step.state === "succeeded") return step;
    const code = step.error?.code.toUpperCase() ?? "";
    throw new PlugctlError(
      CODES.has(code) ? (code as PlugctlError["code"]) : "BACKEND",
      step.error?.message ?? `operation ${id} is ${step.state}`,
      { details: { ...step.error?.details, target: http.target, operation: id } },
    );
  }
  throw new PlugctlError("BACKEND", `operation ${id} ended without a result`, {
    details: { target: http.target, operation: id },
  });
}
