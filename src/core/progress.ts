/** One step of something that takes a while, as shown by a spinner, a log line or a JSON line. */
export interface ProgressEvent {
  /** A stable word: `packing`, `uploading`, `verifying`. */
  phase: string;
  message: string;
  /** Done and total in the same unit; bytes when `unit` is `bytes`. */
  done?: number | undefined;
  total?: number | undefined;
  unit?: "bytes" | "files" | "items" | undefined;
}

/** Receives progress in order. Must not throw. */
export type ProgressListener = (event: ProgressEvent) => void;
