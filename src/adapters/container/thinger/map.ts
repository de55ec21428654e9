import type { Plugin, PluginDetail } from "../../../core/plugin.ts";
import type { WirePlugin } from "./schema.ts";

/** A server that does not say a plugin's state, only that there is one, is taken at that. */
export function toPlugin(wire: WirePlugin): Plugin {
  return {
    ...wire,
    name: wire.plugin ?? wire.name ?? "",
    version: wire.version ?? null,
    state: wire.state ?? "installed",
    nativeState: wire.nativeState ?? "",
    description: wire.description ?? null,
    updatedAt: wire.updatedAt ?? null,
  };
}

export const toPluginDetail = (wire: WirePlugin): PluginDetail => ({ ...toPlugin(wire), kind: "container" });
