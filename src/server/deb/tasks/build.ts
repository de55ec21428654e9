import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { PluginId } from "../../../core/deb/package-name.ts";
import { invalidError } from "../../../core/errors.ts";
import type { PackageBuilder } from "../builder/builder.ts";
import { pluginKey } from "../market/local-values.ts";
import type { Uploads } from "../plugins/uploads.ts";
import { describeTree } from "../sources/describe.ts";
import type { FetchedTree, PluginSource, SourceFetcher } from "../sources/source.ts";
import type { BuildOrder } from "./orders.ts";
import type { Slots } from "./slots.ts";
import type { Task } from "./task.ts";

export interface BuildParts {
  sources: SourceFetcher;
  builder: PackageBuilder;
  uploads: Uploads;
  slots: Slots;
  wazoVersion: string | undefined;
}

/** What a build came to: the result of its operation. */
export interface BuildResult extends PluginId {
  version: string;
  package: string;
  architecture: string;
  commit: string | null;
  treeSha256: string;
  debSha256: string;
  sizeBytes: number;
  warnings: readonly string[];
  /** The package, as if it had been sent: it can be fetched, and installed. */
  upload: string;
}

/** Makes a package of a source, and keeps it with what was uploaded. Ends the task, whatever happens. */
export async function runBuild(parts: BuildParts, task: Task, order: BuildOrder): Promise<BuildResult> {
  let tree: FetchedTree | undefined;
  try {
    tree = await fetchTree(parts, task, order);
    await task.enter("validating");
    const description = await describeTree(tree, parts);
    const { namespace, name, version } = description;
    await task.describe({ namespace, name }, version, null);
    const result = await build(parts, task, { tree, description });
    await parts.sources.discard(tree);
    tree = undefined;
    await task.succeed(result);
    return result;
  } catch (thrown) {
    if (tree !== undefined) await parts.sources.discard(tree);
    throw await task.fail(thrown);
  }
}

async function fetchTree({ sources, slots, uploads }: BuildParts, task: Task, { source }: BuildOrder) {
  const from = await sourceOf(source, uploads);
  return slots.run(task.signal, () =>
    sources.fetch(from, {
      onStep: (step) => task.enter(step),
      log: task.print,
      signal: task.signal,
    }),
  );
}

async function sourceOf(
  source: BuildOrder["source"],
  uploads: Uploads,
): Promise<Extract<PluginSource, { type: "git" | "archive" }>> {
  if (source.type === "git") {
    return { type: "git", url: source.url, ref: source.ref, directory: source.directory };
  }
  const { kind, sha256 } = await uploads.get(source.id);
  if (kind === "archive") return { type: "archive", sha256 };
  throw invalidError(`the upload ${source.id} is a package already`);
}

async function build(
  { builder, slots, uploads }: BuildParts,
  task: Task,
  { tree, description }: { tree: FetchedTree; description: Parameters<PackageBuilder["build"]>[1] },
): Promise<BuildResult> {
  const { namespace, name, version } = description;
  const built = await slots.run(
    task.signal,
    () =>
      builder.build(tree, description, {
        onStep: (step) => task.enter(step, `${step} ${pluginKey(description)} ${version}`),
        log: task.print,
        signal: task.signal,
      }),
    { again: true },
  );
  try {
    const { id } = await uploads.add("package", createReadStream(built.file), task.actor);
    return {
      ...{ namespace, name, version, package: built.package, architecture: built.architecture },
      ...{ commit: tree.commit ?? null, treeSha256: tree.treeSha256 },
      ...{ debSha256: built.sha256, sizeBytes: built.sizeBytes, warnings: built.warnings, upload: id },
    };
  } finally {
    await rm(built.file, { force: true });
  }
}
