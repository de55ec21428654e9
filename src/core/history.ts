/** One change of a plugin, done or tried. */
export interface HistoryEntry {
  /** Of the operation; `logs` takes it in place of a name. */
  id: string;
  /** `install`, `remove`, `rollback`. */
  action: string;
  /** ISO 8601, UTC. */
  at: string;
  actor: string | null;
  version: string | null;
  previousVersion: string | null;
  /** `running`, `succeeded`, `failed`, `interrupted`. */
  state: string;
  /** Why it failed. */
  error: string | null;
}

export interface History {
  /** Newest first; also of a plugin that is not there any more. @throws NOT_FOUND when there never was one. */
  history(name: string): Promise<HistoryEntry[]>;
}
