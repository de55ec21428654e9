import { stat } from "node:fs/promises";
import type { Logger } from "pino";
import { cancelledError, invalidError, toPlugctlError } from "../../../core/errors.ts";
import { checkControl, readControl } from "../repository/package-control.ts";
import { Apt, ARCHIVES } from "./apt.ts";
import { toAppliedChange, toChangePlan } from "./change-plan.ts";
import { ChangeQueue } from "./change-queue.ts";
import { packagePaths } from "./deb-file.ts";
import { diskFull, INSTALL, PURGE, packageError, REMOVE } from "./dpkg.ts";
import { waitForLocks } from "./dpkg-locks.ts";
import type { AppliedChange, ChangePlan, PackageChange, PackageInstaller } from "./installer.ts";
import type { Journal } from "./journal.ts";
import type { KeptPackages } from "./kept-packages.ts";
import { isInstalled } from "./package-database.ts";
import { type PackageRecords, recordsAfter } from "./package-records.ts";
import { type Candidate, type LocalPlan, planLocally } from "./planning.ts";
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
      await this.settle();
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
    const { id, onStep, signal } = options;
    const reading = this.#candidates(change);
    // It is met when its turn comes.
    reading.catch(() => {});
    return this.queue.run({ id, signal, onQueued: () => onStep("queued") }, async () => {
      try {
        await this.settle();
        const plan = await this.#planLocally(change, await reading);
        const { root, lockSeconds } = this.#parts;
        await waitForLocks(root.lockFiles, { seconds: lockSeconds, signal });
        await this.#make(change, plan, options);
        return toAppliedChange(plan);
      } catch (error) {
        throw (error as NodeJS.ErrnoException).code === "ENOSPC" ? diskFull() : toPlugctlError(error);
      }
    });
  }

  /** Finishes or undoes what the journal has of a change that did not come to its end; nothing else may run. */
  async settle(): Promise<{ id: string; finished: boolean } | undefined> {
    const { journal, root, log } = this.#parts;
    const entry = await journal.read();
    if (entry === undefined) return undefined;
    const { id, records } = entry;
    await root.recover({ id, decided: records !== null });
    await this.#end(records);
    log.warn(
      { change: id },
      records === null ? "a half-done change was undone" : "a half-done change was finished",
    );
    return { id, finished: records !== null };
  }

  async #make(change: PackageChange, plan: LocalPlan, options: ApplyOptions): Promise<void> {
    const { journal, root, stepSeconds } = this.#parts;
    const { id, onStep, log, signal } = options;
    await journal.begin(id);
    const transaction = await root.begin(id);
    let decided = false;
    try {
      const step = { seconds: stepSeconds, log, signal };
      if (plan.remove.length > 0) {
        await onStep("removing");
        await remove(transaction, plan, step);
      }
      if (plan.install.length > 0) await this.#install(transaction, change, plan, options, step);
      const records = await this.#recordsAfter(plan);
      if (signal.aborted) throw cancelledError();
      await transaction.commit(async () => {
        await journal.decide(id, records);
        decided = true;
      });
      await this.#end(records);
    } catch (error) {
      // What is decided stays: should it not have come to its end, `settle` brings it there.
      if (!decided) {
        await transaction.rollback();
        await this.#end(null);
      }
      throw error;
    }
  }

  /** @param records what is known of the packages now; null = what was known before. */
  async #end(records: PackageRecords | null): Promise<void> {
    const { journal, kept } = this.#parts;
    if (records !== null) await kept.record(records);
    await journal.clear();
    await kept.prune();
  }

  /** Lets what runs end; what waits is not begun any more. */
  async close(): Promise<void> {
    await this.queue.close();
    await this.#parts.root.close();
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
      paths: await this.#pathsOf(plan),
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
      const fetchedPaths = await Promise.all((await transaction.packageFilesIn(ARCHIVES)).map(packagePaths));
      await transaction.expect({
        paths: [...expected.paths, ...fetchedPaths.flat()],
        packages: [...expected.packages, ...fetched.map(({ name }) => name)],
      });
      await apt.install(step);
    }
    await requireInstalled(transaction, plan);
  }

  async #pathsOf({ install }: LocalPlan): Promise<string[]> {
    const { kept } = this.#parts;
    const paths = install.map(
      ({ candidate }) => candidate.paths ?? packagePaths(kept.path(candidate.sha256)),
    );
    return (await Promise.all(paths)).flat();
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
      change.install.map(async ({ file, sha256, package: name, version, contents }) => {
        const {
          control: fields,
          architecture,
          ...found
        } = contents === undefined ? await readControl(file) : checkControl(contents.control);
        if (found.package !== name || found.version !== version) {
          throw invalidError(
            `the package ${file} is ${found.package} ${found.version}, not ${name} ${version}`,
          );
        }
        return {
          file,
          sha256,
          name,
          version,
          architecture,
          fields,
          sizeBytes: (await stat(file)).size,
          paths: contents?.paths,
        };
      }),
    );
  }
}

async function remove(transaction: Transaction, plan: LocalPlan, step: StepOptions): Promise<void> {
  const options = { ...step, network: false };
  const present = plan.remove.filter(({ installed }) => installed.status !== "config-files");
  await transaction.expect({ paths: [], packages: plan.remove.map(({ installed }) => installed.name) });
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
