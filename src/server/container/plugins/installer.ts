import { conflictError } from "../../../core/errors.ts";
import type { InstallationChange } from "../../../core/installation.ts";
import { toContainerPlan } from "../../../core/marketplace/container-plan.ts";
import type { PlanContext, PlannedToken } from "../../../core/marketplace/plan.ts";
import { plannedTokens, toEntryPlan } from "../../../core/marketplace/resources.ts";
import type { ProgressListener } from "../../../core/progress.ts";
import type { SettingsChange } from "../../../core/settings.ts";
import { readBlueprint, readProvenance } from "../../../engine/blueprint.ts";
import type { CatalogueEntry } from "../../../engine/catalogue/catalogue.ts";
import { findContainer } from "../../../engine/containers.ts";
import { installPlugin, updatePlugin } from "../../../engine/install.ts";
import { checkPluginName, containerNames } from "../../../engine/names.ts";
import { type Ingredients, recipeOfImage, recipeOfPlan } from "../../../engine/recipe.ts";
import { removePlugin } from "../../../engine/remove.ts";
import type { Marketplace } from "../marketplace/marketplace.ts";
import type { Proxies } from "../proxies/proxies.ts";
import type { PluginOwner, PluginTokens } from "../tokens/plugin-tokens.ts";
import type { EngineAccess } from "./engine-access.ts";
import { openProxies, renewProxies } from "./entry-proxies.ts";
import type { InstalledEntries } from "./installed-entries.ts";
import type { Platform } from "./platform.ts";
import type { PluginRegistry } from "./registry.ts";
import type { Workshops } from "./workshops.ts";

export interface InstallerParts {
  engine: EngineAccess;
  workshops: Workshops;
  marketplace: Marketplace;
  entries: InstalledEntries;
  registry: PluginRegistry;
  tokens: PluginTokens;
  proxies: Proxies;
  platform: Platform;
  /** Of all users together; undefined = no limit. */
  maxPlugins: number | undefined;
}

/** What to install. */
export type Wanted =
  | { type: "market"; entry: string; version?: string | undefined }
  | { type: "image"; reference: string };

interface InstallOrder {
  wanted: Wanted;
  settings: SettingsChange;
  start: boolean;
}

export interface Work {
  progress: ProgressListener;
  signal: AbortSignal;
}

/** Installs, updates and removes plugins with all that belongs to them: container, tokens, proxies, the entry itself. */
export class PluginInstaller {
  readonly #parts: InstallerParts;

  /** Installations under way: each takes a place already. */
  #installing = 0;

  constructor(parts: InstallerParts) {
    this.#parts = parts;
  }

  /** @throws CONFLICT when it is installed, or a name or port is taken. Nothing is left of what failed. */
  async install(
    owner: PluginOwner,
    { wanted, settings, start }: InstallOrder,
    work: Work,
  ): Promise<InstallationChange> {
    const { entries, registry, engine } = this.#parts;
    const { user, plugin } = owner;
    checkPluginName(plugin);
    const names = containerNames(user, plugin);
    const present = await findContainer(engine.scope(user), names.current);
    const known = await entries.find(user, plugin);
    // The entry of a container that somebody removed past the server counts for nothing.
    if (present !== undefined || (known !== undefined && known.entry.kind !== "container")) {
      throw conflictError(`plugin "${plugin}" is installed already`, {
        hint: `"plugctl update ${plugin}" changes its version`,
      });
    }
    this.#requireRoom();
    this.#installing++;
    try {
      const change = await this.#make(owner, { wanted, settings, start }, work);
      await registry.add(user, plugin);
      return change;
    } finally {
      this.#installing--;
    }
  }

  /** @throws CONFLICT when as many plugins are installed as may be. */
  #requireRoom(): void {
    const { maxPlugins = Number.POSITIVE_INFINITY, registry } = this.#parts;
    if (registry.size + this.#installing < maxPlugins) return;
    throw conflictError(`this server has as many plugins as it may have: ${maxPlugins}`, {
      hint: 'remove one, or start the server with a larger "--max-plugins"',
    });
  }

  async #make(
    owner: PluginOwner,
    { wanted, settings, start }: InstallOrder,
    work: Work,
  ): Promise<InstallationChange> {
    const { plugin } = owner;
    return wanted.type === "image"
      ? await this.#parts.workshops.within(owner.user, work.signal, (shop) =>
          installPlugin(
            shop,
            { ingredients: ofImage(plugin, wanted.reference), settings, start, dryRun: false },
            work.progress,
          ),
        )
      : await this.#installEntry(owner, { wanted, settings, start }, work);
  }

  /** Another version, with the same settings, tokens and data. @throws NOT_FOUND. */
  async upgrade(owner: PluginOwner, version: string | undefined, work: Work): Promise<InstallationChange> {
    const { entries, marketplace, tokens, proxies } = this.#parts;
    const { user, plugin } = owner;
    const installed = await entries.find(user, plugin);
    const name = installed?.entry.name ?? (await this.#entryOfContainer(owner));
    if (name === undefined) {
      throw conflictError(`${plugin} was not installed from the marketplace: there is no other version`);
    }
    const { origin, found } = await marketplace.entry(name, version);
    const wanted = plannedTokens(found.entry, { plugin });
    const held = await this.#heldTokens(owner, wanted);
    const issued = await tokens.issue(
      owner,
      wanted.filter(({ id }) => held[id] === undefined),
    );
    try {
      const context = this.#context(owner, { ...held, ...issued.values });
      const plan = toEntryPlan(found.entry, context);
      const change =
        found.entry.kind === "container"
          ? await this.#parts.workshops.within(owner.user, work.signal, async (shop) =>
              updatePlugin(
                shop,
                { ingredients: await this.#ingredients(found, context), dryRun: false },
                work.progress,
              ),
            )
          : toChange(plugin, {
              version: found.entry.version,
              previous: installed?.version ?? null,
              warnings: plan.warnings,
            });
      await entries.put(user, plugin, { entry: found.entry, origin });
      await tokens.revokeOthers(
        owner,
        wanted.map(({ id }) => id),
      );
      return {
        ...change,
        warnings: [...change.warnings, ...(await renewProxies(proxies, owner, plan.resources.proxies))],
      };
    } catch (error) {
      await issued.undo();
      throw error;
    }
  }

  /** Its properties stay, and without `purge` its data. @throws NOT_FOUND. */
  async remove(owner: PluginOwner, { purge }: { purge: boolean }): Promise<void> {
    const { engine, entries, registry, tokens, proxies } = this.#parts;
    const { user, plugin } = owner;
    const entry = await entries.find(user, plugin);
    const names = containerNames(user, plugin);
    const container = await findContainer(engine.scope(user), names.current);
    // An entry without a container has nothing on the engine.
    if (container !== undefined || purge || entry === undefined) {
      try {
        await removePlugin(engine.scope(user), { name: plugin, purge, dryRun: false });
      } catch (error) {
        if (container !== undefined || entry === undefined) throw error;
      }
    }
    await proxies.deleteOf(user, plugin);
    await tokens.revokeOthers(owner, []);
    await entries.delete(user, plugin);
    await registry.remove(user, plugin);
  }

  async #installEntry(
    owner: PluginOwner,
    {
      wanted,
      settings,
      start,
    }: {
      wanted: Extract<Wanted, { type: "market" }>;
      settings: SettingsChange;
      start: boolean;
    },
    work: Work,
  ): Promise<InstallationChange> {
    const { marketplace, tokens, proxies, entries } = this.#parts;
    const { user, plugin } = owner;
    work.progress({ phase: "reading", message: `reading the entry ${wanted.entry}` });
    const { origin, found } = await marketplace.entry(wanted.entry, wanted.version);
    const issued = await tokens.issue(owner, plannedTokens(found.entry, { plugin }));
    try {
      const context = this.#context(owner, issued.values);
      const plan = toEntryPlan(found.entry, context);
      const warnings = [
        ...(await openProxies(proxies, owner, plan.resources.proxies)),
        ...this.#unreachable(plan.tokens),
      ];
      const change =
        found.entry.kind === "container"
          ? await this.#parts.workshops.within(owner.user, work.signal, async (shop) =>
              installPlugin(
                shop,
                { ingredients: await this.#ingredients(found, context), settings, start, dryRun: false },
                work.progress,
              ),
            )
          : toChange(plugin, { version: found.entry.version, previous: null, warnings: plan.warnings });
      await entries.put(user, plugin, { entry: found.entry, origin });
      return { ...change, warnings: [...change.warnings, ...warnings] };
    } catch (error) {
      await proxies.deleteOf(user, plugin);
      await issued.undo();
      throw error;
    }
  }

  async #ingredients(found: CatalogueEntry, context: PlanContext): Promise<Ingredients> {
    const plan = toContainerPlan(found.entry, context);
    const folder = plan.copies.length === 0 ? "" : await found.folder();
    return {
      recipe: recipeOfPlan(plan, { built: false }),
      provenance: {
        plugin: plan.plugin,
        version: plan.version,
        origin: `market:${plan.entry}`,
        manifestDigest: found.manifestDigest,
        description: found.entry.description,
      },
      copies: plan.copies.map((copy) => ({ copy, folder })),
      buildFolder: null,
      warnings: plan.warnings,
    };
  }

  #context({ user, plugin }: PluginOwner, tokens: Readonly<Record<string, string>>): PlanContext {
    const { host, httpPort, httpsPort } = this.#parts.platform;
    return { user, plugin, host, httpPort, httpsPort, tokens };
  }

  /** What a container that was made past the server says of its entry. */
  async #entryOfContainer({ user, plugin }: PluginOwner): Promise<string | undefined> {
    const container = await findContainer(
      this.#parts.engine.scope(user),
      containerNames(user, plugin).current,
    );
    const origin = container === undefined ? "" : readProvenance(container).origin;
    return /^market:(.+)$/.exec(origin)?.[1];
  }

  /** Values of tokens that go on: only the container knows them. Those whose rights have changed are issued anew. */
  async #heldTokens(
    { user, plugin }: PluginOwner,
    wanted: readonly PlannedToken[],
  ): Promise<Record<string, string>> {
    const { engine, tokens } = this.#parts;
    const container = await findContainer(engine.scope(user), containerNames(user, plugin).current);
    if (container === undefined) return {};
    const { recipe } = readBlueprint(container.Config.Labels, container.Config.Env) ?? {};
    const held: [string, string][] = [];
    for (const token of wanted) {
      const value = recipe?.env[token.variable];
      if (value !== undefined && tokens.isCurrent({ user, plugin }, token)) held.push([token.id, value]);
    }
    return Object.fromEntries(held);
  }

  #unreachable(tokens: readonly PlannedToken[]): string[] {
    if (tokens.length === 0 || this.#parts.platform.isReachable) return [];
    return [
      "the plugin cannot call this server back, which serves its own machine only: start it with --host and --public-url",
    ];
  }
}

function ofImage(plugin: string, reference: string): Ingredients {
  const recipe = recipeOfImage(reference);
  const origin = `image:${reference}`;
  const version = /:([^:/@]+)$/.exec(recipe.image)?.[1] ?? null;
  return {
    recipe,
    provenance: { plugin, version, origin, manifestDigest: null, description: null },
    copies: [],
    buildFolder: null,
    warnings: [],
  };
}

function toChange(
  name: string,
  { version, previous, warnings }: { version: string; previous: string | null; warnings: string[] },
): InstallationChange {
  return {
    name,
    version,
    previousVersion: previous,
    state: "installed",
    changed: version !== previous,
    warnings,
    plan: [],
  };
}
