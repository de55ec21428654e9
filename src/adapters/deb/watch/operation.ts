import { safeParse } from "zod/v4/core";
import { cancelledError, isPlugctlError, PlugctlError } from "../../../core/errors.ts";
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
      const { result } = await followOperation(http, id, { signal, progress }).catch((error) => {
        throw signal.aborted ? left(http.target, id) : explained(error, http.target, id);
      });
      const parsed = safeParse(resultSchema, result);
      if (!parsed.success) {
        throw new PlugctlError("BACKEND", `operation ${id} ended with a result that does not fit`, {
          hint: `is target "${http.target}" of a version that this plugctl knows?`,
          details: { target: http.target, operation: id },
        });
      }
      const { namespace, name, version, previousVersion, changed, warnings, ...more } = parsed.data;
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
