import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { toContainerPlan } from "../../src/core/marketplace/container-plan.ts";
import { type Entry, parseEntry } from "../../src/core/marketplace/entry.ts";
import type { EntryPlan, PlanContext } from "../../src/core/marketplace/plan.ts";
import { toEntryPlan } from "../../src/core/marketplace/resources.ts";

/** The 123 entries of the real marketplace, which are kept beside the repository. */
export const MARKETPLACE = resolve(import.meta.dirname, "../../../shared/fixtures/thinger-marketplace");

export const MARKETPLACE_ABSENT = existsSync(join(MARKETPLACE, "summary.json"))
  ? false
  : `the marketplace's entries are not in ${MARKETPLACE}`;

/** What one entry has to come to; members that do not apply are absent. */
export interface Expected {
  dir: string;
  name: string;
  version: string;
  category: string;
  display_name: string;
  kind: Entry["kind"];
  vendor?: string;
  deprecated?: boolean;
  products?: string[];
  image?: string;
  image_resolved?: string;
  volumes?: [string, string][];
  interface?: "proxy" | "file";
  port?: number;
  rewrite_base_path?: boolean;
  file?: string;
  env_names?: string[];
  token_env?: string[];
  user?: string;
  memory?: number;
}

export const PLAN_CONTEXT: PlanContext = { user: "ada", host: "iot.example.com" };

export function expectedEntries(): Expected[] {
  const summary = JSON.parse(readFileSync(join(MARKETPLACE, "summary.json"), "utf8")) as {
    plugins: Expected[];
  };
  return summary.plugins;
}

export function readEntry(directory: string): Entry {
  const text = readFileSync(join(MARKETPLACE, directory, "plugin.json"), "utf8");
  return parseEntry(JSON.parse(text), { directory });
}

/** The plan with every token issued, as an installation makes it. */
export function planOf(entry: Entry): EntryPlan {
  const tokens = Object.fromEntries(
    Object.keys(entry.file.tokens ?? {}).map((id) => [id, `secret-of-${id}`]),
  );
  return entry.kind === "container"
    ? toContainerPlan(entry, { ...PLAN_CONTEXT, tokens })
    : toEntryPlan(entry, PLAN_CONTEXT);
}
