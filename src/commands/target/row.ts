import { ADAPTERS } from "../../adapters/index.ts";
import type { Target } from "../../config/config.ts";
import type { Column } from "../../output/table.ts";

export const TARGET_COLUMNS: readonly Column[] = [
  { key: "name", drop: 0 },
  { key: "kind", drop: 0 },
  { key: "url" },
  { key: "default", drop: 2 },
  { key: "origin", drop: 3 },
];

/** A target as commands show it. Never holds a credential. */
export function targetRow(target: Target, isDefault: boolean | undefined) {
  return {
    name: target.name,
    kind: target.kind,
    url: target.url,
    ca: target.ca ?? null,
    credential: target.credential === undefined ? "file" : Object.keys(target.credential)[0],
    default: isDefault === true,
    origin: target.origin,
    capabilities: ADAPTERS[target.kind]?.capabilities ?? [],
  };
}
