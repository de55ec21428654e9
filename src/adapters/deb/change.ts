import { cancelledError, conflictError, isPlugctlError, notFoundError } from "../../core/errors.ts";
import type { InstallationChange, InstallSource } from "../../core/installation.ts";
import type { ProgressListener } from "../../core/progress.ts";
import type { DebBackend } from "./deb-backend.ts";
import { pluginIdOf } from "./plugin-id.ts";
import { openWatch } from "./watch/open.ts";
import type { Patience } from "./watch/polling.ts";
import type { Expectation, TaskOutcome } from "./watch/watch.ts";

/** Begins a task and waits for its end. */
export async function runTask(
  backend: DebBackend,
  expectation: Expectation,
  options: { begin: () => Promise<string>; progress: ProgressListener; patience?: Patience | undefined },
): Promise<TaskOutcome> {
  await using watch = await openWatch(backend, expectation, options.patience);
  const task = await options.begin();
  return await watch.follow(task, options.progress).catch((error) => {
    const isTold = isPlugctlError(error) && error.code === "CANCELLED";
    throw backend.signal.aborted && !isTold ? left(backend.target, task) : error;
  });
}

/** A wazo-plugind does not stop for want of somebody who waits, nor for anything else. */
const left = (target: string, task: string) =>
  cancelledError("interrupted", {
    hint: `the host goes on, and cannot be stopped from here; plugctl list -t ${target} shows what comes of it`,
    details: { target, task },
  });

export const expectationOf = (source: InstallSource): Expectation => ({
  action: "install",
  label: labelOf(source),
  plugin: source.type === "market" ? pluginIdOf(source.name) : undefined,
});

/** A source in a word or two, for messages. */
export function labelOf(source: InstallSource): string {
  switch (source.type) {
    case "market":
      return source.name;
    case "git":
      return source.url;
    case "path":
      return source.path;
    case "image":
      return source.reference;
  }
}

export function changed({ more, ...outcome }: TaskOutcome): InstallationChange {
  return { ...outcome, state: "installed", plan: [], ...more };
}

export const notInstalled = (name: string, target: string) =>
  notFoundError(`${name} is not installed on target "${target}"`, { hint: "plugctl list shows what is" });

export const unknownOrigin = (name: string) =>
  conflictError(`where ${name} came from is not recorded, or was a file`, {
    hint: "install the new version from where it is: plugctl install TARGET:git:URL, or TARGET:./folder",
  });
