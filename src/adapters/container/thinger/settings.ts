import { PlugctlError } from "../../../core/errors.ts";
import type { SettingsChange, SettingsChanges } from "../../../core/settings.ts";
import { followOperation } from "../../administration/follow.ts";
import type { ThingerClient } from "./client.ts";
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
    async set({ name, change, dryRun }, progress) {
      const settings = wireSettings(client, change);
      await require();
      const body = { action: "settings" as const, settings };
      if (dryRun) {
        const { state, plan = [] } = await client.change(name, { ...body, dryRun });
        return { name, changed: false, state, plan };
      }
      const { result } = await followOperation(client.http, await client.begin(name, body), {
        signal,
        progress,
      });
      const outcome = settingsOutcomeSchema.safeParse(result);
      if (outcome.success) return { name, ...outcome.data };
      throw new PlugctlError("BACKEND", `target "${client.http.target}" does not say what became of ${name}`);
    },
  };
}

/** Settings as such a server takes them. @throws UNSUPPORTED for those that only engines have. */
export function wireSettings(
  { http }: ThingerClient,
  { replicas, placement, secrets, ...settings }: SettingsChange,
): SettingsChange {
  const others = { replicas, placement, "secret files": secrets };
  const [name] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
  if (name === undefined) return settings;
  throw new PlugctlError(
    "UNSUPPORTED",
    `target "${http.target}" is a server, which has no setting for ${name}`,
    {
      hint: "a target that is the engine itself has",
    },
  );
}
