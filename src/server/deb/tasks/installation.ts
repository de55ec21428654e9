import { rm } from "node:fs/promises";
import { type PluginId, packageName } from "../../../core/deb/package-name.ts";
import { PlugctlError, toPlugctlError } from "../../../core/errors.ts";
import type { PackageBuilder } from "../builder/builder.ts";
import type { PackageInstaller } from "../installer/installer.ts";
import { pluginKey } from "../market/local-values.ts";
import type { KeptPackages, PackageFile } from "../plugins/kept-packages.ts";
import { type InstallResult, type PluginRecord, savePlugin } from "../plugins/records.ts";
import type { PackageRepository } from "../repository/repository.ts";
import type { InstallOrder, OrderSource } from "./orders.ts";
import {
  type FinishedPackage,
  Preparation,
  type PreparationParts,
  type Prepared,
  type ReadyPlugin,
} from "./preparation.ts";
import { Task, type TaskServices } from "./task.ts";

/** Channel of the APT repository that every installed package is published to. */
export const CHANNEL = "main";

export interface InstallationParts extends PreparationParts {
  services: TaskServices;
  builder: PackageBuilder;
  installer: PackageInstaller;
  packages: KeptPackages;
  repository: PackageRepository;
  now: () => Date;
}

/** A package that is about to be put in, with what is put on record of it. */
interface Candidate {
  file: PackageFile;
  origin: OrderSource;
  commit: string | null;
  treeSha256: string | null;
  previousVersion: string | null;
  allowDowngrade: boolean;
  warnings: readonly string[];
  /** Removes what it was built from. */
  clean: () => Promise<void>;
}

/** One run of `install`: the plugin and what it needs, each a task of its own. */
export class Installation {
  readonly #parts: InstallationParts;
  readonly #preparation: Preparation<Task>;
  /** Tasks of dependencies that have not ended. */
  readonly #open = new Set<Task>();
  /** Ends of plugins that several others need. */
  readonly #done = new Map<Prepared<Task>, PlugctlError | undefined>();

  constructor(parts: InstallationParts) {
    this.#parts = parts;
    this.#preparation = new Preparation(parts, async (parent, plugin, source) => {
      const task = await Task.open(parts.services, {
        action: "install",
        actor: parent.actor,
        request: { action: "install", source },
        plugin,
        parent,
      });
      this.#open.add(task);
      return task;
    });
  }

  /** Ends the task, and those of what it needs, whatever happens. @throws what the task failed with. */
  async run(task: Task, order: InstallOrder): Promise<InstallResult> {
    try {
      const prepared = await this.#preparation.root(task, order);
      return await this.#complete(prepared, order.allowDowngrade);
    } catch (thrown) {
      for (const open of this.#open) await open.fail(thrown);
      throw await task.fail(thrown);
    } finally {
      await this.#preparation.discard();
    }
  }

  async #complete(prepared: Prepared<Task>, allowDowngrade: boolean): Promise<InstallResult> {
    switch (prepared.kind) {
      case "refused":
        throw prepared.error;
      case "satisfied": {
        const { listener: task, plugin, version } = prepared;
        task.describe(plugin, version, version);
        const result = unchanged(plugin, version);
        await task.succeed(result);
        return result;
      }
      case "package":
        return this.#apply(prepared.listener, packageCandidate(prepared, allowDowngrade));
      case "ready":
        return this.#build(prepared, allowDowngrade);
    }
  }

  async #build(ready: ReadyPlugin<Task>, allowDowngrade: boolean): Promise<InstallResult> {
    const { listener: task, description, tree, installed } = ready;
    task.describe(plain(description), description.version, installed?.version ?? null);
    await this.#completeDependencies(ready);
    const built = await this.#parts.slots
      .run(
        task.signal,
        () =>
          this.#parts.builder.build(tree, description, {
            onStep: (step) => task.enter(step, `${step} ${pluginKey(description)} ${description.version}`),
            log: task.print,
            signal: task.signal,
          }),
        { again: true },
      )
      .catch(async (error: unknown) => {
        // Before the failure is put on record, for which a disk that the build has filled has no room.
        await this.#preparation.discardTree(tree);
        throw error;
      });
    try {
      return await this.#apply(task, {
        file: { ...built, plugin: plain(description) },
        origin: ready.origin,
        commit: tree.commit ?? null,
        treeSha256: tree.treeSha256,
        previousVersion: installed?.version ?? null,
        allowDowngrade,
        warnings: built.warnings,
        clean: () => this.#preparation.discardTree(tree),
      });
    } finally {
      await rm(built.file, { force: true });
    }
  }

  /** Every one is tried; the plugin that needs them is not built when one is missing. */
  async #completeDependencies({ dependencies }: ReadyPlugin<Task>): Promise<void> {
    const missing: { plugin: string; error: PlugctlError }[] = [];
    for (const dependency of dependencies) {
      if (!this.#done.has(dependency)) this.#done.set(dependency, await this.#dependency(dependency));
      const error = this.#done.get(dependency);
      if (error !== undefined) missing.push({ plugin: keyOf(dependency), error });
    }
    const [first] = missing;
    if (first === undefined) return;
    throw new PlugctlError(
      first.error.code,
      `it needs ${first.plugin}, which cannot be installed: ${first.error.message}`,
      { cause: first.error, details: { missing: missing.map(({ plugin }) => plugin) } },
    );
  }

  async #dependency(dependency: Prepared<Task>): Promise<PlugctlError | undefined> {
    const task = dependency.listener;
    try {
      await this.#complete(dependency, false);
      return undefined;
    } catch (thrown) {
      await task.fail(thrown);
      return toPlugctlError(thrown);
    } finally {
      this.#open.delete(task);
    }
  }

  async #apply(task: Task, candidate: Candidate): Promise<InstallResult> {
    const { installer, packages, now } = this.#parts;
    const { file, origin, commit, treeSha256, previousVersion, allowDowngrade } = candidate;
    const { plugin, version, package: name, sha256: debSha256 } = file;
    await task.enter("updating");
    await packages.keep(file.file);
    const warnings = [...candidate.warnings];
    const result: InstallResult = {
      ...plugin,
      version,
      previousVersion,
      package: name,
      commit,
      treeSha256,
      debSha256,
      changed: true,
      warnings,
    };
    const record: PluginRecord = {
      ...plugin,
      version,
      package: name,
      origin,
      commit,
      treeSha256,
      debSha256,
      previousVersion,
      installedAt: now().toISOString(),
      installedBy: task.actor?.login ?? "system",
    };
    // A crash may come between the change and its record: the next start finds here what to put on record.
    task.promise({ result, record });
    await installer.apply(
      { install: [file], remove: [], allowDowngrade, removeDependents: false },
      {
        id: task.id,
        onStep: async (step) => {
          if (step === "installing") await task.enter(step, `installing ${name} ${version}`);
          else if (step === "queued") task.note("waiting for changes that came before");
        },
        log: task.print,
        signal: task.signal,
      },
    );
    await task.enterAfterChange("cleaning");
    const [warning] = await Promise.all([this.#publish(file), candidate.clean()]);
    await rm(file.file, { force: true });
    if (warning !== undefined) warnings.push(warning);
    await task.succeed(result, (trx) => savePlugin(trx, record));
    return result;
  }

  /** The plugin is installed by now: that the repository does not take it is no failure. */
  async #publish({ file, contents }: PackageFile): Promise<string | undefined> {
    try {
      await this.#parts.repository.add(file, CHANNEL, contents?.control);
      return undefined;
    } catch (thrown) {
      const { code, message } = toPlugctlError(thrown);
      if (code === "INTERNAL") this.#parts.services.log.error({ err: thrown }, "a package was not published");
      return `the APT repository does not have it: ${message}`;
    }
  }
}

const plain = ({ namespace, name }: PluginId): PluginId => ({ namespace, name });

function keyOf(prepared: Prepared<Task>): string {
  switch (prepared.kind) {
    case "ready":
      return pluginKey(prepared.description);
    case "package":
      return pluginKey(prepared.file.plugin);
    default:
      return pluginKey(prepared.plugin);
  }
}

const packageCandidate = (
  { file, origin, installed }: FinishedPackage<Task>,
  allowDowngrade: boolean,
): Candidate => ({
  file,
  origin,
  commit: null,
  treeSha256: null,
  previousVersion: installed?.version ?? null,
  allowDowngrade,
  warnings: [],
  clean: async () => undefined,
});

function unchanged(plugin: PluginId, version: string): InstallResult {
  return {
    ...plugin,
    version,
    previousVersion: version,
    package: packageName(plugin),
    commit: null,
    treeSha256: null,
    debSha256: null,
    changed: false,
    warnings: [],
  };
}
