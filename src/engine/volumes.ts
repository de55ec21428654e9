import type { VolumeLocation } from "../core/marketplace/plan.ts";
import { ownName, userPart } from "./names.ts";

/** Where a place of the plan's layout lies on an engine; null = this engine has no such place. */
export type Placement = (location: VolumeLocation, plugin: string) => Place | null;

export type Place = { type: "volume"; name: string } | { type: "bind"; path: string };

/**
 * Named volumes of the engine: they work wherever the engine is. Storages are one volume a storage; the platform's
 * certificates exist only where the platform does.
 */
export function namedVolumes(user: string): Placement {
  const named = (...parts: string[]) => ({
    type: "volume" as const,
    name: parts
      .filter((part) => part !== "")
      .join(".")
      .replaceAll("/", "."),
  });
  return ({ root, path }, plugin) => {
    if (root === "certificates") return null;
    return root === "plugin"
      ? named(ownName(user, plugin), path || "data")
      : named(`${userPart(user)}.storages`, path);
  };
}
