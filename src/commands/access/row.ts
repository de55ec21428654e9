import type { PluginAccess } from "../../core/observation.ts";
import type { Addressed } from "../addressed.ts";

/** A plugin's access as commands show it. */
export const accessRow = ({ target }: Addressed<"access">, access: PluginAccess) => ({
  target: target.name,
  kind: target.kind,
  ...access,
});
