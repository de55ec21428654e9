import { type $ZodType, type output, safeParse } from "zod/v4/core";
import { cancelledError, isPlugctlError, PlugctlError } from "../../../core/errors.ts";
import type { ProgressListener } from "../../../core/progress.ts";
import { followOperation } from "../../administration/follow.ts";
import type { HttpClient } from "../../http/call.ts";
import { wayOut } from "../errors.ts";
import { resultSchema } from "../plugctl/schema.ts";
import { nameOf } from "../plugin-id.ts";
import type { TaskWatch } from "./watch.ts";

/** Tasks of plugctl's server: each is an operation of the same id. */
export function watchOperations(http: HttpClient, signal: AbortSignal): TaskWatch {
  return {
    async follow(id, progress) {
      const result = await followTask(http, id, { signal, progress, schema: resultSchema });
      const { namespace, name, version, previousVersion, changed, warnings, ...more } = result;
      return {
        name: nameOf({ namespace, name }),
        version: version ?? null,
        previousVersion: previousVersion ?? null,
        ...{ changed, warnings, more: { ...more, operation: id } },
      };
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Waits for the end of a task. @returns its result. @throws its failure, with the step; CANCELLED when nobody waits any more. */
export async function followTask<S extends $ZodType>(
  http: HttpClient,
  id: string,
  options: { signal: AbortSignal; progress: ProgressListener; schema: S },
): Promise<output<S>> {
  const { result } = await followOperation(http, id, options).catch((error) => {
    throw options.signal.aborted ? left(http.target, id) : explained(error, http.target, id);
  });
  const parsed = safeParse(options.schema, result);
  if (parsed.success) return parsed.data;
  throw new PlugctlError("BACKEND", `operation ${id} ended with a result that does not fit`, {
    hint: `is target "${http.target}" of a version that this plugctl knows?`,
    details: { target: http.target, operation: id },
  });
}

/** The server does not stop for want of somebody who waits. */
const left = (target: string, id: string) =>
  cancelledError("interrupted", {
    hint: `the server goes on; plugctl logs ${target}:${id} -f follows it, plugctl deb cancel ${target}:${id} ends it`,
    details: { target, operation: id },
  });

/** Says which step of the task failed, and where all that it printed is. */
function explained(thrown: unknown, target: string, id: string): unknown {
  if (!isPlugctlError(thrown) || thrown.details?.operation !== id) return thrown;
  const { code, message, hint, details, cause } = thrown;
  const { step, log } = details ?? {};
  const more = typeof log === "string" ? `plugctl logs ${target}:${id} shows all of it` : undefined;
  const where = typeof step === "string" && step !== "starting" ? `while ${step}: ` : "";
  return new PlugctlError(code, `${where}${message}`, {
    details,
    cause,
    hint: hint ?? wayOut(details) ?? more,
  });
}
