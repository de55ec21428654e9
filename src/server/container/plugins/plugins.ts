import { notFoundError } from "../../../core/errors.ts";
import type { LifecycleAction, LifecycleResult } from "../../../core/lifecycle.ts";
import type { Plugin, PluginDetail } from "../../../core/plugin.ts";
import { findContainer, listContainers, roleOfContainer } from "../../../engine/containers.ts";
import { createLifecycle } from "../../../engine/lifecycle.ts";
import { toPlugin, toPluginDetail } from "../../../engine/map.ts";
import { containerNames } from "../../../engine/names.ts";
import type { PluginOwner } from "../tokens/plugin-tokens.ts";
import type { EngineAccess } from "./engine-access.ts";
import type { InstalledEntries, InstalledEntry } from "./installed-entries.ts";
import type { PluginRegistry, RegisteredPlugin } from "./registry.ts";

export interface PluginsParts {
  engine: EngineAccess;
  entries: InstalledEntries;
  registry: PluginRegistry;
  /** The address at which the plugin's web interface is visited. */
  urlOf: (plugin: RegisteredPlugin) => string | null;
}

/** The installed plugins of users: containers on the engine, and entries that have none. */
export class Plugins {
  readonly #parts: PluginsParts;

  constructor(parts: PluginsParts) {
    this.#parts = parts;
  }

  async list(user: string): Promise<Plugin[]> {
    const { engine, entries } = this.#parts;
    const [containers, installed] = await Promise.all([
      listContainers(engine.scope(user)),
      entries.list(user),
    ]);
    const known = new Map(installed.map((item) => [item.name, item]));
    const running = containers.filter((container) => roleOfContainer(container) === "current").map(toPlugin);
    const names = new Set(running.map(({ name }) => name));
    const all = [
      ...running,
      ...installed.filter(({ name, entry }) => !names.has(name) && entry.kind !== "container").map(toListed),
    ];
    const rows = await Promise.all(
      all.map(async (plugin) => ({
        ...plugin,
        ...(await this.#facts(user, plugin.name, known.get(plugin.name))),
      })),
    );
    return rows.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** @throws NOT_FOUND. */
  async info({ user, plugin }: PluginOwner): Promise<PluginDetail> {
    const { engine, entries } = this.#parts;
    const [container, installed] = await Promise.all([
      findContainer(engine.scope(user), containerNames(user, plugin).current),
      entries.find(user, plugin),
    ]);
    const manifest = installed === undefined ? null : installed.entry.file;
    if (container !== undefined) {
      return { ...toPluginDetail(container), ...(await this.#facts(user, plugin, installed)), manifest };
    }
    if (installed === undefined || installed.entry.kind === "container") throw noPlugin(plugin);
    const facts = await this.#facts(user, plugin, installed);
    return { kind: "container", ...toListed(installed), ...facts, manifest };
  }

  /** @throws NOT_FOUND; CONFLICT when the state forbids it, or there is nothing that could run. */
  act(
    { user, plugin }: PluginOwner,
    action: LifecycleAction,
    options: { timeoutSeconds?: number | undefined; signal?: string | undefined },
  ): Promise<LifecycleResult> {
    const lifecycle = createLifecycle(this.#parts.engine.scope(user));
    switch (action) {
      case "stop":
      case "restart":
        return lifecycle[action](plugin, { timeoutSeconds: options.timeoutSeconds });
      case "kill":
        return lifecycle.kill(plugin, { signal: options.signal });
      default:
        return lifecycle[action](plugin);
    }
  }

  /** @throws NOT_FOUND when it is not installed. */
  async registered({ user, plugin }: PluginOwner): Promise<RegisteredPlugin> {
    const found = await this.#parts.registry.byName(user, plugin);
    if (found === undefined) throw noPlugin(plugin);
    return found;
  }

  async #facts(user: string, name: string, installed: InstalledEntry | undefined) {
    const { registry, urlOf } = this.#parts;
    const registered = await registry.byName(user, name);
    return {
      plugin: name,
      title: installed?.entry.title ?? name,
      category: installed?.entry.category ?? null,
      type: installed?.entry.kind ?? "container",
      access: registered?.access ?? "private",
      url: registered === undefined ? null : urlOf(registered),
    };
  }
}

const noPlugin = (plugin: string) => notFoundError(`no plugin "${plugin}" is installed`);

/** Products and resources are there, and nothing of them runs. */
function toListed({ user, name, version, origin, installedAt, entry }: InstalledEntry): Plugin {
  return {
    name,
    version,
    state: "installed",
    nativeState: "installed",
    description: entry.description,
    updatedAt: installedAt,
    origin,
    user,
  };
}
