import { safeParse } from "zod/v4/core";
import { cancelledError, isPlugctlError, PlugctlError } from "../../../core/errors.ts";
import { followOperation } from "../../administration/follow.ts";
import type { HttpClient } from "../../http/call.ts";
import { resultSchema } from "../plugctl/schema.ts";
import { nameOf } from "../plugin-id.ts";
import type { TaskWatch } from "./watch.ts";

/** Tasks of plugctl's server: each is an operation of the same id. */
export function watchOperations(http: HttpClient, signal: AbortSignal): TaskWatch {
  return {
    async follow(id, progress) {
      const { result } = await followOperation(http, id, { signal, progress }).catch((error) => {
        throw signal.aborted ? left(http.target, id) : withLog(error, http.target, id);
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
    hint: `the server goes on; plugctl logs ${target}:${id} -f follows it`,
    details: { target, operation: id },
  });

/** A failure of the plugin's own steps is explained by what they wrote. */
function withLog(thrown: unknown, target: string, id: string): unknown {
  if (!isPlugctlError(thrown) || thrown.details?.operation !== id || thrown.hint !== undefined) return thrown;
  const { code, message, details, cause } = thrown;
  return new PlugctlError(code, message, {
    details,
    cause,
    hint: `plugctl logs ${target}:${id} shows all of it`,
  });
}
