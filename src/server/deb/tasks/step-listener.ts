import type { TaskStatus } from "./statuses.ts";

/** Who is told of the steps of preparing a plugin: a task, or the plan of one. */
export interface StepListener {
  readonly signal: AbortSignal;
  installOptions: Readonly<Record<string, unknown>> | undefined;
  /** @throws CANCELLED. */
  enter(status: TaskStatus, message?: string): Promise<void>;
  readonly print: (text: string) => void;
}
