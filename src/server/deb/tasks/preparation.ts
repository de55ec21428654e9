import { rm } from "node:fs/promises";
import type { PluginId } from "../../../core/deb/package-name.ts";
import type { PluginDescription } from "../../../core/deb/plugin-description.ts";
import { compareVersions } from "../../../core/deb/version.ts";
import { conflictError, invalidError, type PlugctlError, toPlugctlError } from "../../../core/errors.ts";
import type { InstalledPlugin, PackageInstaller } from "../installer/installer.ts";
import { type InstalledVersions, pluginKey } from "../market/local-values.ts";
import type { Market } from "../market/market.ts";
import { readGitOptions } from "../plugind/validation.ts";
import type { KeptPackages, PackageFile } from "../plugins/kept-packages.ts";
import type { Uploads } from "../plugins/uploads.ts";
import { describeTree } from "../sources/describe.ts";
import type { FetchedTree, PluginSource, SourceFetcher } from "../sources/source.ts";
import { installOptionsOf, type OrderSource } from "./orders.ts";
import type { Slots } from "./slots.ts";
import type { StepListener } from "./step-listener.ts";

/** Plugins that need each other: nothing of them can be installed. */
export const CYCLE = "dependency-cycle";

export interface PreparationParts {
  sources: SourceFetcher;
  installer: PackageInstaller;
  market: Market;
  uploads: Uploads;
  packages: KeptPackages;
  /** For what costs a processor: fetching and building. */
  slots: Slots;
  wazoVersion: string | undefined;
}

export interface Wish {
  source: OrderSource;
  reinstall: boolean;
  allowDowngrade: boolean;
}

/** A plugin whose source is here and whose description has been read, with what it needs. */
export interface ReadyPlugin<Listener extends StepListener> {
  kind: "ready";
  listener: Listener;
  origin: OrderSource;
  description: PluginDescription;
  installed: InstalledPlugin | undefined;
  tree: FetchedTree;
  dependencies: Prepared<Listener>[];
}

/** A finished package that was uploaded. */
export interface FinishedPackage<Listener extends StepListener> {
  kind: "package";
  listener: Listener;
  origin: OrderSource;
  file: PackageFile;
  installed: InstalledPlugin | undefined;
}

/** A plugin for which there is nothing to do. */
export interface SatisfiedPlugin<Listener extends StepListener> {
  kind: "satisfied";
  listener: Listener;
  plugin: PluginId;
  version: string;
}

/** A dependency that cannot be installed. */
export interface RefusedPlugin<Listener extends StepListener> {
  kind: "refused";
  listener: Listener;
  plugin: PluginId;
  error: PlugctlError;
}

export type Prepared<Listener extends StepListener> =
  | ReadyPlugin<Listener>
  | FinishedPackage<Listener>
  | SatisfiedPlugin<Listener>
  | RefusedPlugin<Listener>;

/**
 * Brings a plugin and, before anything is built, all that it needs: the whole graph of its dependencies is known then.
 */
export class Preparation<Listener extends StepListener> {
  readonly #parts: PreparationParts;
  readonly #openDependency: (parent: Listener, plugin: PluginId, source: OrderSource) => Promise<Listener>;
  readonly #trees: FetchedTree[] = [];
  readonly #files: string[] = [];
  /** Plugins of the graph that are known, so that one that two others need is prepared once. */
  readonly #known = new Map<string, Prepared<Listener>>();

  /** @param openDependency makes the listener of a plugin that the parent's needs. */
  constructor(
    parts: PreparationParts,
    openDependency: (parent: Listener, plugin: PluginId, source: OrderSource) => Promise<Listener>,
  ) {
    this.#parts = parts;
    this.#openDependency = openDependency;
  }

  /** @throws what is wrong with the plugin itself, or CONFLICT when dependencies go round in a circle. */
  root(listener: Listener, wish: Wish): Promise<Prepared<Listener>> {
    return this.#prepare(listener, wish, []);
  }

  /** Removes one source before the others. */
  async discardTree(tree: FetchedTree): Promise<void> {
    this.#trees.splice(this.#trees.indexOf(tree), 1);
    await this.#parts.sources.discard(tree);
  }

  /** Removes every source that was fetched, and every file. */
  async discard(): Promise<void> {
    for (const file of this.#files.splice(0)) await rm(file, { force: true });
    for (const tree of this.#trees.splice(0)) await this.#parts.sources.discard(tree);
  }

  async #prepare(listener: Listener, wish: Wish, path: readonly string[]): Promise<Prepared<Listener>> {
    listener.installOptions = installOptionsOf(wish.source);
    const source = await this.#resolve(listener, wish);
    if ("kind" in source) return source;
    if (source.type === "package") {
      return this.#finished(listener, wish, source.sha256);
    }
    const tree = await this.#parts.slots.run(listener.signal, () =>
      this.#parts.sources.fetch(source, {
        onStep: (step) => listener.enter(step, stepMessage(step, source)),
        log: listener.print,
        signal: listener.signal,
      }),
    );
    this.#trees.push(tree);
    const description = await this.#describe(listener, tree);
    const present = await this.#present(description);
    if (present?.version === description.version && !wish.reinstall) {
      return { kind: "satisfied", listener, plugin: idOf(description), version: description.version };
    }
    assertNoDowngrade(description, description.version, present, wish.allowDowngrade);
    await listener.enter("installing dependencies", dependenciesMessage(description));
    const dependencies = await this.#dependencies(listener, description, path);
    const origin: OrderSource = source.type === "git" ? source : wish.source;
    return { kind: "ready", listener, origin, description, installed: present, tree, dependencies };
  }

  async #finished(
    listener: Listener,
    { source, reinstall, allowDowngrade }: Wish,
    sha256: string,
  ): Promise<Prepared<Listener>> {
    await listener.enter("validating", "reading the package");
    const file = await this.#parts.packages.file(sha256);
    this.#files.push(file.file);
    const { plugin, version } = file;
    const installed = await this.#present(plugin);
    if (installed?.version === version && !reinstall) return { kind: "satisfied", listener, plugin, version };
    assertNoDowngrade(plugin, version, installed, allowDowngrade);
    return { kind: "package", listener, origin: source, file, installed };
  }

  /** What is there of a plugin, but for the remains of one that was removed. */
  async #present(plugin: PluginId): Promise<InstalledPlugin | undefined> {
    const found = await this.#parts.installer.plugin(idOf(plugin));
    return found?.metadata === undefined ? undefined : found;
  }

  /** The source of a wish; of one that is fulfilled, that there is nothing to do. */
  async #resolve(
    listener: Listener,
    { source, reinstall }: Wish,
  ): Promise<PluginSource | SatisfiedPlugin<Listener>> {
    if (source.type === "git") {
      return { type: "git", url: source.url, ref: source.ref, directory: source.directory };
    }
    if (source.type === "upload") {
      const { kind, sha256 } = await this.#parts.uploads.get(source.id);
      return { type: kind, sha256 };
    }
    await listener.enter("downloading", `looking ${pluginKey(source)} up in the market`);
    const installed = await installedVersions(this.#parts.installer);
    const present = installed.get(pluginKey(source));
    // What is there need not be in the market as well: it may have come from elsewhere.
    if (!reinstall && present !== undefined && (source.version ?? present) === present) {
      return { kind: "satisfied", listener, plugin: idOf(source), version: present };
    }
    const version = await this.#parts.market.resolve({ ...source, reinstall }, installed);
    if (version === undefined) {
      return {
        kind: "satisfied",
        listener,
        plugin: idOf(source),
        version: installed.get(pluginKey(source)) ?? "",
      };
    }
    const { method = "git", options } = version;
    if (method !== "git" || options === undefined) {
      throw invalidError(`the market does not say how ${pluginKey(source)} ${version.version} is had`);
    }
    const { url, ref, subdirectory } = readGitOptions(options);
    const git = { type: "git" as const, url, ref, directory: subdirectory ?? undefined };
    listener.installOptions = installOptionsOf(git);
    return git;
  }

  /** What cannot be read at all fails in the step before. */
  async #describe(listener: Listener, tree: FetchedTree): Promise<PluginDescription> {
    const { wazoVersion } = this.#parts;
    const read = await describeTree(tree, { wazoVersion }).catch((error: unknown) => toPlugctlError(error));
    const isUnreadable = read instanceof Error && read.details?.step === "extracting";
    if (!isUnreadable) await listener.enter("validating");
    if (read instanceof Error) throw read;
    return read;
  }

  async #dependencies(
    parent: Listener,
    description: PluginDescription,
    path: readonly string[],
  ): Promise<Prepared<Listener>[]> {
    const here = [...path, pluginKey(description)];
    const found: Prepared<Listener>[] = [];
    for (const { namespace, name, version } of description.depends) {
      const plugin = { namespace, name };
      const key = pluginKey(plugin);
      if (here.includes(key)) {
        const circle = [...here.slice(here.indexOf(key)), key].join(" → ");
        throw conflictError(`these plugins need each other: ${circle}`, { details: { error_id: CYCLE } });
      }
      const known = this.#known.get(key);
      const prepared =
        known ?? (await this.#dependency(parent, { type: "market", ...plugin, version }, here));
      this.#known.set(key, prepared);
      found.push(prepared);
    }
    return found;
  }

  /** One that cannot be had is noted: others are prepared all the same, as the original does it. */
  async #dependency(
    parent: Listener,
    source: OrderSource & { type: "market" },
    path: readonly string[],
  ): Promise<Prepared<Listener>> {
    const listener = await this.#openDependency(parent, idOf(source), source);
    try {
      return await this.#prepare(listener, { source, reinstall: false, allowDowngrade: false }, path);
    } catch (thrown) {
      const error = toPlugctlError(thrown);
      if (error.details?.error_id === CYCLE || parent.signal.aborted) throw error;
      return { kind: "refused", listener, plugin: idOf(source), error };
    }
  }
}

const idOf = ({ namespace, name }: PluginId): PluginId => ({ namespace, name });

function stepMessage(step: string, source: PluginSource): string | undefined {
  if (step !== "downloading") return undefined;
  return source.type === "git" ? `fetching ${source.url}` : "unpacking the upload";
}

function dependenciesMessage({ depends }: PluginDescription): string {
  if (depends.length === 0) return "it needs no other plugins";
  return `it needs ${depends.map(pluginKey).join(", ")}`;
}

/** @throws CONFLICT before anything is built, where the original finds out when it installs. */
function assertNoDowngrade(
  plugin: PluginId,
  version: string,
  installed: InstalledPlugin | undefined,
  allowed: boolean,
): void {
  if (installed === undefined || allowed || compareVersions(version, installed.version) >= 0) return;
  throw conflictError(`${pluginKey(plugin)} ${installed.version} is newer than ${version}`, {
    hint: "allow the downgrade if it is meant",
    details: { reason: "downgrade", installed: installed.version, version },
  });
}

/** Versions of the installed plugins, as their descriptions have them. */
export async function installedVersions(
  installer: Pick<PackageInstaller, "plugins">,
): Promise<InstalledVersions> {
  const plugins = await installer.plugins();
  return new Map(
    plugins
      .filter((plugin) => plugin.metadata !== undefined)
      .map((plugin) => [pluginKey(plugin), plugin.version]),
  );
}
