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
  error: { code: string; message: string } | null;
}

/** One progress event with its place in the operation's order, from 1. */
export interface OperationEvent extends ProgressEvent {
  seq: number;
  at: string;
}

export interface OperationStart {
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
  get(id: string): Promise<OperationRecord | undefined>;
  list(limit: number): Promise<OperationRecord[]>;
  /** Past events first, then live ones; ends when the operation does. */
  events(id: string, afterSeq: number, signal: AbortSignal): AsyncIterable<OperationEvent>;
}
