import type { PluginId } from "../../../core/deb/package-name.ts";
import type { ProgressListener } from "../../../core/progress.ts";

/** What a task is to do, as far as it is known before. */
export interface Expectation {
  action: "install" | "remove";
  /** For messages: a plugin's name, or the address of a repository. */
  label: string;
  /** Undefined where only the repository says which plugin it holds. */
  plugin: PluginId | undefined;
}

/** What came of a task, as far as it could be seen. */
export interface TaskOutcome {
  name: string;
  version: string | null;
  previousVersion: string | null;
  changed: boolean;
  warnings: string[];
  /** What plugctl's server tells beside: package, commit, digests. */
  more: Record<string, unknown>;
}

/**
 * Learns how a task goes. Opened before the request that begins it, since what was said before somebody listened is
 * lost on a message bus.
 */
export interface TaskWatch extends AsyncDisposable {
  /** Waits for the end of a task. @throws its failure; TIMEOUT, UNAVAILABLE when its end cannot be seen. */
  follow(uuid: string, progress: ProgressListener): Promise<TaskOutcome>;
}
