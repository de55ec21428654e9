import type { Cancellation } from "../../core/cancellation.ts";
import { conflictError, notFoundError } from "../../core/errors.ts";
import type { ProgressListener } from "../../core/progress.ts";
import { createOperations } from "../administration/streams.ts";
import type { DebBackend } from "./deb-backend.ts";
import type { ServerClient } from "./plugctl/client.ts";
import { isOperationId, pluginIdOf } from "./plugin-id.ts";

export function createCancellation(backend: DebBackend): Cancellation {
  const { target, signal } = backend;
  return {
    async cancel(operation, progress) {
      const server = await backend.server("way to cancel a task");
      const id = isOperationId(operation) ? operation : await operationOf(server, operation);
      await server.cancel(id);
      await ended(server, id, progress);
      return id;
    },
  };

  async function operationOf(server: ServerClient, name: string): Promise<string> {
    const running = (await server.history(pluginIdOf(name))).find(({ state }) => state === "running");
    if (running !== undefined) return running.id;
    throw notFoundError(`nothing is under way with ${name} on target "${target}"`, {
      hint: `plugctl history ${target}:${name} shows what was`,
    });
  }

  /** What was asked to end does so at the next point where it can, which may be none. */
  async function ended(server: ServerClient, id: string, progress: ProgressListener): Promise<void> {
    for await (const step of createOperations(server.http, signal).follow(id)) {
      if ("phase" in step) progress(step);
      else if (step.state !== "interrupted") {
        const how =
          step.state === "succeeded" ? "its change has been made" : (step.error?.message ?? "it failed");
        throw conflictError(`the operation ${id} had come too far to be cancelled: ${how}`, {
          details: { target, operation: id, state: step.state },
        });
      }
    }
  }
}
