import { notFoundError } from "../../core/errors.ts";
import type { History, HistoryEntry } from "../../core/history.ts";
import type { Verification } from "../../core/verification.ts";
import type { DebBackend } from "./deb-backend.ts";
import { nameOf, pluginIdOf } from "./plugin-id.ts";

/** What plugctl's server knows of the changes of a plugin, newest first. */
export function createHistory(backend: DebBackend): History {
  return {
    async history(name) {
      const items = await (await backend.server("history")).history(pluginIdOf(name));
      return items
        .map(
          ({ actor = null, version = null, previousVersion = null, error, ...item }): HistoryEntry => ({
            ...item,
            ...{ actor, version, previousVersion, error: sentenceOf(error) },
          }),
        )
        .sort((one, other) => other.at.localeCompare(one.at));
    },
  };
}

export function createVerification(backend: DebBackend): Verification {
  return {
    async verify(name) {
      const server = await backend.server("verification");
      const { ok, problems } = await server.verify(pluginIdOf(name));
      const installed = (await server.plugins()).find((plugin) => nameOf(plugin) === name);
      if (installed === undefined)
        throw notFoundError(`${name} is not installed on target "${backend.target}"`);
      return { name, version: installed.version, ok, problems };
    },
  };
}

/** A failure as the server records it: a sentence, or an object that has one. */
function sentenceOf(error: unknown): string | null {
  if (typeof error === "string") return error;
  if (typeof error !== "object" || error === null || !("message" in error)) return null;
  return String(error.message);
}
