import type { ProgressEvent, ProgressListener } from "../../core/progress.ts";
import type { Principal } from "../identity/identity.ts";

export type OperationState = "running" | "succeeded" | "failed" | "interrupted";

export interface OperationRecord {
  id: string;
  /** Dotted: `server.gc`, `container.install`. */
  kind: string;
  resource: string;
  state: OperationState;
  actor: string;
  startedAt: string;
  finishedAt: string | null;
  result: unknown;
  error: OperationError | null;
}

export interface OperationError {
  code: string;
  message: string;
  /** What the error told beside its message: the step, the end of a log. */
  details?: Record<string, unknown> | undefined;
}

/** One progress event with its place in the operation's order, from 1. */
export interface OperationEvent extends ProgressEvent {
  seq: number;
  at: string;
}

export interface OperationStart {
  /** A UUID, where something refers to the operation before it starts; default: a new one. */
  id?: string | undefined;
  kind: string;
  resource: string;
  actor: Principal | null;
}

/** Long-running changes. What was running when the server died is `interrupted` at the next start. */
export interface Operations {
  /** Records the operation, then runs it. Resolves with the record as soon as it is durable. */
  start(
    what: OperationStart,
    run: (progress: ProgressListener, signal: AbortSignal) => Promise<unknown>,
  ): Promise<OperationRecord>;
  /** Asks a running operation to end; it does so at the next point where it can. @returns false when it does not run. */
  cancel(id: string): boolean;
  /** States how an operation ended that a crash cut off, once its module has found out. */
  settle(
    id: string,
    outcome: { state: OperationState; result: unknown; error: OperationError | null },
  ): Promise<void>;
  get(id: string): Promise<OperationRecord | undefined>;
  list(limit: number): Promise<OperationRecord[]>;
  /** Past events first, then live ones; ends when the operation does. */
  events(id: string, afterSeq: number, signal: AbortSignal): AsyncIterable<OperationEvent>;
}
