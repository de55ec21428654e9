import { bootstrapPlugins } from "@uxland/harmonix";
import type { ListedPlugin } from "./discovery.ts";
import { requireIntegrity } from "./integrity.ts";
import { createApi } from "./plugin-api.ts";

export interface LoadedPlugin extends ListedPlugin {
  state: "running" | "failed";
  /** Why it failed: a sentence for the user. */
  failure?: string;
}

/** Loads and starts every plugin of a list; one that fails leaves the others alone. */
export async function startPlugins(list: readonly ListedPlugin[]): Promise<LoadedPlugin[]> {
  // Harmonix throws on an empty list.
  if (list.length === 0) return [];
  requireIntegrity(list);
  const failures = new Map<string, string>();
  const reportFailure = (pluginId: string, reason: unknown) => failures.set(pluginId, sentence(reason));
  const started = await bootstrapPlugins(
    list.map((plugin) => ({
      ...plugin,
      importer: async () => {
        try {
          return await import(/* @vite-ignore */ plugin.pluginUrl);
        } catch (reason) {
          reportFailure(plugin.pluginId, reason);
          throw reason;
        }
      },
    })),
    (info) => createApi(info, reportFailure),
  );
  return list.map((plugin, index) => {
    const failure = failures.get(plugin.pluginId);
    if (failure !== undefined) return { ...plugin, state: "failed", failure };
    if (started[index]) return { ...plugin, state: "running" };
    return {
      ...plugin,
      state: "failed",
      failure: "It was loaded, but could not be started; see the console.",
    };
  });
}

const sentence = (reason: unknown) => (reason instanceof Error ? reason.message : String(reason));
