import { constants } from "node:fs";
import { access, lstat, mkdir, mkdtemp, open, rename } from "node:fs/promises";
import { join } from "node:path";
import { packageName } from "../../../core/deb/package-name.ts";
import type { PluginDescription } from "../../../core/deb/plugin-description.ts";
import { invalidError } from "../../../core/errors.ts";
import { removeLeftovers, removeTree } from "../sources/remove-tree.ts";
import type { FetchedTree } from "../sources/source.ts";
import { atStep } from "../step-error.ts";
import type { BuildIsolation, PackageBuilder } from "./builder.ts";
import { controlParagraph } from "./control-file.ts";
import { BUILD_LIMITS, type BuildLimits } from "./limits.ts";
import { pack } from "./pack.ts";
import { type BuildPlace, makePackageFolder, openPlace, PACKAGE_FOLDER } from "./place.ts";
import { runStep } from "./run-step.ts";

export interface PackageBuilderOptions {
  /** Folder for finished packages, and for what a build needs meanwhile. */
  folder: string;
  isolation: BuildIsolation;
  /** Folders that no step can read, wherever they are. */
  hidden: readonly string[];
  /** What the steps are told, in `WAZO_VERSION`. */
  wazoVersion?: string | undefined;
  limits?: Partial<BuildLimits> | undefined;
}

const RULES = "wazo/rules";

/** How names of the folders begin that are needed during a build only. */
const OWN = "build-";

/** Builds plugins with their own rules, each in a place of its own. Builds may run at the same time. */
export function createPackageBuilder(options: PackageBuilderOptions): PackageBuilder {
  const limits = { ...BUILD_LIMITS, ...options.limits };
  const cleared = removeLeftovers(options.folder, OWN);
  cleared.catch(() => {});

  return {
    async build(tree, description, { onStep, log, signal }) {
      let step: "building" | "packaging" = "building";
      const enter = async (next: typeof step) => {
        step = next;
        await onStep(next);
      };
      await cleared;
      await mkdir(options.folder, { recursive: true, mode: 0o700 });
      const scratch = await mkdtemp(join(options.folder, OWN));
      let place: BuildPlace | undefined;
      try {
        await enter("building");
        await checkRules(tree);
        // Before anything of the plugin's runs, though it is only found when it is packed.
        await checkFields(description, () => enter("packaging"));
        place = await openPlace(tree.folder, { ...options, limits, scratch });
        const run = stepRunner(place, tree, { log, signal });
        await run("building", "build");
        await enter("packaging");
        const folder = await emptyPackage(place);
        await run("packaging", "package");
        const file = join(scratch, "package.deb");
        const { sourceDate } = tree;
        const built = await pack({
          source: place.folder,
          folder,
          file,
          description,
          sourceDate,
          limits,
          signal,
        });
        const kept = join(options.folder, `${packageName(description)}-${crypto.randomUUID()}.deb`);
        await rename(file, kept);
        return { ...built, file: kept };
      } catch (error) {
        throw atStep(error, step);
      } finally {
        await place?.close();
        await removeTree(scratch);
      }
    },
  };

  function stepRunner(
    place: BuildPlace,
    tree: FetchedTree,
    { log, signal }: { log: (text: string) => void; signal: AbortSignal },
  ) {
    return async (step: "building" | "packaging", word: "build" | "package") => {
      const isPackage = word === "package";
      const [program = "", ...words] = [
        ...place.prefix,
        // What the rules give to root, or to anybody else, is to look as if they had.
        ...(isPackage ? place.fakeroot : []),
        `${place.inner}/${RULES}`,
        word,
      ];
      await runStep({
        step,
        title: `${RULES} ${word}`,
        command: [program, ...words],
        environment: {
          ...place.environment,
          SOURCE_DATE_EPOCH: String(tree.sourceDate),
          ...(options.wazoVersion !== undefined && { WAZO_VERSION: options.wazoVersion }),
          // In a user namespace the attempt alone is an error that fakeroot passes on.
          ...(isPackage && { pkgdir: `${place.inner}/${PACKAGE_FOLDER}`, FAKEROOTDONTTRYCHOWN: "1" }),
        },
        folder: place.folder,
        limits,
        log,
        signal,
        sweep: place.sweep,
      });
    };
  }
}

/** @throws INVALID for rules that the kernel could not execute. */
async function checkRules({ folder }: FetchedTree): Promise<void> {
  const path = join(folder, RULES);
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) throw invalidError(`there is no ${RULES}`);
  if (!found.isFile()) throw invalidError(`${RULES} is not a file`);
  const isExecutable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isExecutable) {
    throw invalidError(`${RULES} is not executable`, { hint: `git update-index --chmod=+x ${RULES}` });
  }
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    const head = buffer.subarray(0, bytesRead).toString("latin1");
    if (!head.startsWith("#!") && head !== "\u007fELF") {
      throw invalidError(`${RULES} does not say what executes it`, {
        hint: 'begin it with a line like "#!/bin/sh"',
      });
    }
  } finally {
    await file.close();
  }
}

async function checkFields(description: PluginDescription, enter: () => Promise<void>): Promise<void> {
  try {
    controlParagraph(description, 0).toString();
  } catch (error) {
    await enter();
    throw error;
  }
}

async function emptyPackage(place: BuildPlace): Promise<string> {
  const found = await lstat(join(place.folder, PACKAGE_FOLDER)).catch(() => undefined);
  if (found !== undefined) {
    throw invalidError(`the plugin has a folder ${PACKAGE_FOLDER}, which is where its package is made`);
  }
  return makePackageFolder(place);
}
