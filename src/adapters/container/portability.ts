import type { Exportable, ExportedPlugin } from "../../core/portability.ts";
import type { SettingsChange } from "../../core/settings.ts";
import { formatSource } from "../../core/source.ts";
import { readBlueprint } from "../../engine/blueprint.ts";
import { LABEL } from "../../engine/labels.ts";
import type { Recipe } from "../../engine/recipe.ts";
import { isSecret } from "../../engine/settings.ts";
import { type Installer, readOrigin } from "./installation.ts";

/** Descriptions of plugins from the labels of their containers or services. */
export function createPortability(installer: Installer): Exportable {
  return {
    async export(names) {
      const wanted = names ?? (await installer.list()).map(({ labels }) => labels[LABEL.plugin] ?? "").sort();
      return Promise.all(wanted.map((name) => describe(installer, name)));
    },
  };
}

async function describe(installer: Installer, name: string): Promise<ExportedPlugin> {
  const { labels, environment } = await installer.find(name);
  const version = labels[LABEL.version] ?? null;
  const source = readOrigin(name, labels[LABEL.origin]);
  // The label leads to the newest, so that an update finds it; a description is of what is there.
  const exact = source.type === "market" && version !== null ? { ...source, version } : source;
  const blueprint = readBlueprint(labels, environment);
  return {
    name,
    version,
    source: formatSource(exact),
    digest: labels[LABEL.imageDigest] ?? null,
    manifestDigest: labels[LABEL.manifestDigest] ?? null,
    image: blueprint?.recipe.image ?? null,
    built: blueprint?.recipe.built ?? false,
    ...(blueprint === undefined ? {} : openSettings(blueprint.recipe, blueprint.settings)),
  };
}

/** A description is passed around and kept in repositories: of secrets it has the names, which have to be set again. */
function openSettings(recipe: Recipe, { env = {}, ...settings }: SettingsChange) {
  const isOpen = ([name, value]: [string, string | null]) => value === null || !isSecret(recipe, name);
  const open = Object.entries(env).filter(isOpen);
  return {
    settings: { ...settings, ...(open.length > 0 ? { env: Object.fromEntries(open) } : {}) },
    secrets: Object.entries(env)
      .filter((variable) => !isOpen(variable))
      .map(([name]) => name)
      .sort(),
  };
}
