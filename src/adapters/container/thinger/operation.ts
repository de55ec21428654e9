import { PlugctlError } from "../../../core/errors.ts";
import type { ProgressListener } from "../../../core/progress.ts";
import { createOperations } from "../../administration/streams.ts";
import type { ThingerClient } from "./client.ts";

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
 * Waits for an operation of the server's.
 * @returns its result. @throws its failure, with the server's code where it is one of ours.
 */
export async function followChange(
  client: ThingerClient,
  id: string,
  { signal, progress }: { signal: AbortSignal; progress: ProgressListener },
): Promise<unknown> {
  for await (const step of createOperations(client.http, signal).follow(id)) {
    if ("phase" in step) progress(step);
    else if (step.state === "succeeded") return step.result;
    else {
      const code = step.error?.code.toUpperCase() ?? "";
      throw new PlugctlError(
        CODES.has(code) ? (code as PlugctlError["code"]) : "BACKEND",
        step.error?.message ?? `operation ${id} is ${step.state}`,
        { details: { target: client.http.target, operation: id } },
      );
    }
  }
}
