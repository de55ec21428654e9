import { stat } from "node:fs/promises";
import type { Logger } from "pino";
import { invalidError, toPlugctlError } from "../../../core/errors.ts";
import { Apt, type AptPackage, ARCHIVES } from "./apt.ts";
import { ChangeQueue } from "./change-queue.ts";
import { readControl } from "./deb-file.ts";
import { diskFull, INSTALL, PURGE, packageError, REMOVE } from "./dpkg.ts";
import { waitForLocks } from "./dpkg-locks.ts";
import type { AppliedChange, ChangePlan, PackageChange, PackageInstaller } from "./installer.ts";
import type { Journal } from "./journal.ts";
import type { KeptPackages } from "./kept-packages.ts";
import { isInstalled } from "./package-database.ts";
import { recordsAfter } from "./package-records.ts";
import { type Candidate, isPlugin, type LocalPlan, planLocally } from "./planning.ts";
import type { CommandOptions, PackageRoot, Transaction } from "./root.ts";

export interface ChangeParts {
  root: PackageRoot;
  journal: Journal;
  kept: KeptPackages;
  log: Logger;
  stepSeconds: number;
  lockSeconds: number;
  now: () => Date;
}

type ApplyOptions = Parameters<PackageInstaller["apply"]>[1];
type StepOptions = Omit<CommandOptions, "network">;

/** Makes and plans changes of a root, one at a time. */
export class Changes {
  readonly queue = new ChangeQueue();
  readonly #parts: ChangeParts;

  constructor(parts: ChangeParts) {
    this.#parts = parts;
  }

  /** See `PackageInstaller.plan`. */
  async plan(change: PackageChange, { signal }: { signal: AbortSignal }): Promise<ChangePlan> {
    const candidates = await this.#candidates(change);
    const plan = await this.#planLocally(change, candidates);
    if (plan.missing.length === 0) return toChangePlan(plan, []);
    // Only apt knows the rest, and it has to look at the root as a change would.
    const id = `plan-${crypto.randomUUID()}`;
    return this.queue.run({ id, signal }, async () => {
      const transaction = await this.#parts.root.begin(id);
      try {
        const files = await this.#keep(plan, transaction);
        const apt = new Apt(transaction, {
          files,
          missing: plan.missing,
          allowDowngrade: change.allowDowngrade,
        });
        const added = await apt.simulate({ seconds: this.#parts.stepSeconds, log: () => {}, signal });
        return toChangePlan(plan, added);
      } finally {
        await transaction.rollback();
        await this.#parts.kept.prune();
      }
    });
  }

  /** See `PackageInstaller.apply`. */
  async apply(change: PackageChange, options: ApplyOptions): Promise<AppliedChange> {
    const { id, onStep, log, signal } = options;
    return this.queue.run({ id, signal, onQueued: () => onStep("queued") }, async () => {
      const { journal, root } = this.#parts;
      const candidates = await this.#candidates(change);
      const plan = await this.#planLocally(change, candidates);
      await waitForLocks(root.lockFiles, { seconds: this.#parts.lockSeconds, signal });
      await journal.begin(id);
      const transaction = await root.begin(id);
      let decided = false;
      try {
        const step = { seconds: this.#parts.stepSeconds, log, signal };
        if (plan.remove.length > 0) {
          await onStep("removing");
          await remove(transaction, plan, step);
        }
        if (plan.install.length > 0) await this.#install(transaction, change, plan, options, step);
        const after = await this.#recordsAfter(plan);
        signal.throwIfAborted();
        await transaction.commit(async () => {
          await journal.decide(id, after);
          decided = true;
        });
        await this.#parts.kept.record(after);
        await journal.clear();
        await this.#parts.kept.prune();
        return toAppliedChange(plan);
      } catch (error) {
        // What is decided is finished at the next start, should it fail now.
        if (!decided) await this.#undo(transaction);
        throw (error as NodeJS.ErrnoException).code === "ENOSPC" ? diskFull() : toPlugctlError(error);
      }
    });
  }

  /** Lets what runs end; what waits is not begun any more. */
  async close(): Promise<void> {
    await this.queue.close();
    this.#parts.root.close();
  }

  async #undo(transaction: Transaction): Promise<void> {
    await transaction.rollback();
    await this.#parts.journal.clear();
    await this.#parts.kept.prune();
  }

  async #install(
    transaction: Transaction,
    change: PackageChange,
    plan: LocalPlan,
    { onStep }: ApplyOptions,
    step: StepOptions,
  ): Promise<void> {
    const files = await this.#keep(plan, transaction);
    const expected = {
      files: plan.install.map(({ candidate }) => this.#parts.kept.path(candidate.sha256)),
      packages: plan.install.map(({ candidate }) => candidate.name),
    };
    if (plan.missing.length === 0) {
      await onStep("installing");
      await transaction.expect(expected);
      const result = await transaction.run([...INSTALL, ...files], { ...step, network: false });
      if (result.exitCode !== 0) throw packageError("installing", result);
    } else {
      const apt = new Apt(transaction, {
        files,
        missing: plan.missing,
        allowDowngrade: change.allowDowngrade,
      });
      let added = await apt.simulate(step);
      if (added === undefined) {
        await onStep("updating");
        await apt.update(step);
        added = await apt.simulate(step);
      }
      await onStep("installing");
      await apt.download(step);
      const fetched = (added ?? []).filter(({ name }) => !expected.packages.includes(name));
      await transaction.expect({
        files: [...expected.files, ...(await transaction.packageFilesIn(ARCHIVES))],
        packages: [...expected.packages, ...fetched.map(({ name }) => name)],
      });
      await apt.install(step);
    }
    await requireInstalled(transaction, plan);
  }

  /** Puts the package files where commands find them, and where they stay. @returns their paths in the root. */
  async #keep(plan: LocalPlan, { packagesFolder }: Transaction): Promise<string[]> {
    const { kept } = this.#parts;
    for (const { candidate } of plan.install) await kept.keep(candidate.file, candidate.sha256);
    return plan.install.map(({ candidate }) => `${packagesFolder}/${kept.fileName(candidate.sha256)}`);
  }

  async #recordsAfter(plan: LocalPlan) {
    return recordsAfter(await this.#parts.kept.records(), {
      installed: plan.install.map(({ candidate: { name, version, sha256 } }) => ({
        package: name,
        version,
        sha256,
      })),
      removed: plan.remove.map(({ installed }) => installed.name),
      at: this.#parts.now(),
    });
  }

  async #planLocally(change: PackageChange, candidates: readonly Candidate[]): Promise<LocalPlan> {
    const { root } = this.#parts;
    return planLocally(change, candidates, { ...(await root.packages()), architecture: root.architecture });
  }

  #candidates(change: PackageChange): Promise<Candidate[]> {
    return Promise.all(
      change.install.map(async ({ file, sha256, package: name, version }) => {
        const fields = await readControl(file);
        if (fields.get("Package") !== name || fields.get("Version") !== version) {
          throw invalidError(
            `the package ${file} is ${fields.get("Package")} ${fields.get("Version")}, not ${name} ${version}`,
          );
        }
        const architecture = fields.get("Architecture") ?? "all";
        return { file, sha256, name, version, architecture, fields, sizeBytes: (await stat(file)).size };
      }),
    );
  }
}

async function remove(transaction: Transaction, plan: LocalPlan, step: StepOptions): Promise<void> {
  const options = { ...step, network: false };
  const present = plan.remove.filter(({ installed }) => installed.status !== "config-files");
  await transaction.expect({ files: [], packages: plan.remove.map(({ installed }) => installed.name) });
  if (present.length > 0) {
    const result = await transaction.run(
      [...REMOVE, ...present.map(({ installed }) => installed.name)],
      options,
    );
    if (result.exitCode !== 0) throw packageError("removing", result);
  }
  const purged = plan.remove.filter(({ purge }) => purge).map(({ installed }) => installed.name);
  if (purged.length === 0) return;
  const result = await transaction.run([...PURGE, ...purged], options);
  if (result.exitCode === 0) return;
  // Packages that wazo-plugind made fail here always: their script was deleted by their own removal.
  step.log("a script failed when its package was purged, and is left out\n");
  for (const name of purged) await transaction.removeFile(`/var/lib/dpkg/info/${name}.postrm`);
  const again = await transaction.run([...PURGE, ...purged], options);
  if (again.exitCode !== 0) throw packageError("removing", again);
}

/** dpkg may succeed and still leave a package waiting for another. */
async function requireInstalled(transaction: Transaction, plan: LocalPlan): Promise<void> {
  const after = await transaction.packages();
  for (const { candidate } of plan.install) {
    const found = after.find(({ name }) => name === candidate.name);
    if (found === undefined || !isInstalled(found) || found.version !== candidate.version) {
      throw invalidError(
        `${candidate.name} ${candidate.version} is ${found?.status ?? "not there"} after its installation`,
        {
          details: { step: "installing" },
        },
      );
    }
  }
}

function toChangePlan(plan: LocalPlan, added: readonly AptPackage[] | undefined): ChangePlan {
  const names = new Set(plan.install.map(({ candidate }) => candidate.name));
  return {
    install: [
      ...(added ?? [])
        .filter(({ name }) => !names.has(name))
        .map(({ name, version, from, sizeBytes }) => ({
          package: name,
          version,
          from,
          plugin: false,
          sizeBytes,
        })),
      ...plan.install.map(({ candidate, from }) => ({
        package: candidate.name,
        version: candidate.version,
        from: from === undefined || from.status === "config-files" ? null : from.version,
        plugin: isPlugin(candidate),
        sizeBytes: candidate.sizeBytes,
      })),
    ],
    remove: plan.remove.map(({ installed }) => ({
      package: installed.name,
      version: installed.version,
      plugin: isPlugin(installed),
    })),
    needsUpdate: added === undefined,
  };
}

const toAppliedChange = (plan: LocalPlan): AppliedChange => ({
  installed: plan.install.map(({ candidate, from }) => ({
    package: candidate.name,
    version: candidate.version,
    previousVersion: from === undefined || from.status === "config-files" ? null : from.version,
  })),
  removed: plan.remove.map(({ installed }) => ({ package: installed.name, version: installed.version })),
});
