import { PlugctlError, usageError } from "../../../core/errors.ts";
import type { SettingsChanges } from "../../../core/settings.ts";
import type { ThingerClient } from "./client.ts";
import { followChange } from "./operation.ts";
import { settingsOutcomeSchema, settingsSchema } from "./schema.ts";

/** Settings as plugctl's server keeps them; Thinger.io's own API does not say how a plugin's settings are changed. */
export function createSettings(client: ThingerClient, signal: AbortSignal): SettingsChanges {
  const require = () =>
    client.requirePlugctl(
      "does not let settings of plugins be changed through its API",
      "change them in its console",
    );
  return {
    async get(plugin) {
      await require();
      return client.http.json("GET", `${await client.pluginPath(plugin)}/settings`, {
        schema: settingsSchema,
      });
    },
    async set({ name, change: { replicas, ...settings }, dryRun }, progress) {
      if (replicas !== undefined) throw usageError("--replicas is for targets that are a swarm");
      await require();
      const body = { action: "settings" as const, settings };
      if (dryRun) {
        const { state, plan = [] } = await client.change(name, { ...body, dryRun });
        return { name, changed: false, state, plan };
      }
      const result = await followChange(client, await client.begin(name, body), { signal, progress });
      const outcome = settingsOutcomeSchema.safeParse(result);
      if (outcome.success) return { name, ...outcome.data };
      throw new PlugctlError("BACKEND", `target "${client.http.target}" does not say what became of ${name}`);
    },
  };
}
