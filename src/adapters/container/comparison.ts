import { isDeepStrictEqual } from "node:util";
import type { Comparison, Difference } from "../../core/comparison.ts";
import { conflictError } from "../../core/errors.ts";
import { readBlueprint } from "../../engine/blueprint.ts";
import type { Workshop } from "../../engine/install.ts";
import { LABEL } from "../../engine/labels.ts";
import { registryDigest } from "../../engine/pull.ts";
import type { Recipe } from "../../engine/recipe.ts";
import { shownEnv } from "../../engine/settings.ts";
import { parsePort, parseVolume, type UserSettings } from "../../engine/user-settings.ts";
import type { Connection } from "../adapter.ts";
import { gatherIngredients } from "./ingredients.ts";
import { type InstalledDetail, type Installer, readOrigin } from "./installation.ts";

/**
 * What is installed beside what its source describes now. What begins with `settings` is the user's own: an update would
 * keep it. Secrets count with their values, and are not shown.
 */
export function createComparison(connection: Connection, shop: Workshop, installer: Installer): Comparison {
  return {
    async diff(name) {
      const installed = await installer.find(name);
      const { labels, environment } = installed;
      const blueprint = readBlueprint(labels, environment);
      if (blueprint === undefined) {
        throw conflictError(`the labels of plugin "${name}" do not say how it was made`, {
          hint: "remove it and install it again; its volumes are kept",
        });
      }
      const source = readOrigin(name, labels[LABEL.origin]);
      const build = blueprint.recipe.built;
      const offered = await gatherIngredients(connection, shop.client, { source, name, build });
      const installedVersion = labels[LABEL.version] ?? null;
      const offeredVersion = offered.provenance.version;
      const { recipe, settings } = blueprint;
      return {
        ...{ name, installedVersion, offeredVersion },
        changes: [
          ...difference("version", installedVersion, offeredVersion),
          ...(await digestDifference(shop, installed, offered.recipe)),
          ...recipeDifferences(recipe, offered.recipe, settings),
          ...settingDifferences(recipe, offered.recipe, settings),
        ],
      };
    },
  };
}

/** None where the image was built or imported on the engine: no registry offers another. */
async function digestDifference(shop: Workshop, { labels, imageId }: InstalledDetail, { image }: Recipe) {
  const pinned = labels[LABEL.imageDigest];
  if (!pinned || pinned === imageId) return [];
  const offered = await registryDigest(shop.client, image, shop.login);
  return offered === null ? [] : difference("imageDigest", pinned, offered);
}

/** Variables that the user has set or taken away are settings, whatever the description says of them. */
function recipeDifferences(before: Recipe, after: Recipe, { env: own = {} }: UserSettings): Difference[] {
  const secrets = [...before.secrets, ...after.secrets];
  const variables = names(before.env, after.env).filter((name) => !(name in own));
  const [was, is] = [shownEnv({ ...before, secrets }, {}), shownEnv({ ...after, secrets }, {})];
  return [
    ...fieldDifferences(fields(before), fields(after)),
    ...variables.flatMap((name) =>
      before.env[name] === after.env[name] ? [] : [entry(`env.${name}`, was[name], is[name])],
    ),
  ];
}

/** A recipe but for its variables, as people read it. */
function fields(recipe: Recipe): Record<string, unknown> {
  const { image, cmd, user, memoryBytes, networks, extraHosts, shell, ports, endpoint, health, stop } =
    recipe;
  const volumes = recipe.mounts.map(({ source, target, readOnly }) => [
    `volumes.${target}`,
    `${source.root}:${source.path}${readOnly ? ":ro" : ""}`,
  ]);
  return {
    ...{ image, cmd, user, memoryBytes, networks, extraHosts, shell, endpoint, health },
    "stop.signal": stop.signal,
    "stop.timeoutSeconds": stop.timeoutSeconds,
    ports: ports.map(({ port, protocol }) => `${port}/${protocol}`),
    ...Object.fromEntries(volumes),
  };
}

function settingDifferences(installed: Recipe, offered: Recipe, settings: UserSettings): Difference[] {
  const { env = {}, volumes = [], ports = [], ...limits } = settings;
  const [own, described] = [shownEnv(installed, { env }), shownEnv(offered, {})];
  const mounts = fields(offered);
  return [
    ...Object.entries(env).flatMap(([name, value]) =>
      value === (offered.env[name] ?? null)
        ? []
        : [entry(`settings.env.${name}`, own[name], described[name])],
    ),
    ...volumes.map((text) => {
      const { target } = parseVolume(text);
      return entry(`settings.volumes.${target}`, text, mounts[`volumes.${target}`]);
    }),
    ...ports.map((text) => entry(`settings.ports.${parsePort(text).key}`, text, undefined)),
    ...Object.entries(limits).flatMap(([name, value]) =>
      difference(`settings.${name}`, value, name === "memoryBytes" ? offered.memoryBytes : null),
    ),
  ];
}

const fieldDifferences = (was: Record<string, unknown>, is: Record<string, unknown>) =>
  names(was, is).flatMap((name) => difference(name, was[name], is[name]));

const names = (...records: object[]) => [...new Set(records.flatMap((record) => Object.keys(record)))];

const difference = (path: string, from: unknown, to: unknown): Difference[] =>
  isDeepStrictEqual(from ?? null, to ?? null) ? [] : [entry(path, from, to)];

/** @param from @param to undefined, null or an empty list is nothing. */
function entry(path: string, from: unknown, to: unknown): Difference {
  const isNothing = (value: unknown) => value == null || (Array.isArray(value) && value.length === 0);
  const change = isNothing(from) ? "added" : isNothing(to) ? "removed" : "changed";
  return { path, change, from: from ?? null, to: to ?? null };
}
