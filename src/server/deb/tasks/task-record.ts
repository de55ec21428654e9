import type { Selectable } from "kysely";
import type { PluginId } from "../../../core/deb/package-name.ts";
import type { OperationError } from "../../events/operations.ts";
import type { DebTables } from "../tables.ts";
import type { PromisedOutcome } from "./journal.ts";
import type { TaskStatus } from "./statuses.ts";

export const TASK_ACTIONS = ["install", "remove", "rollback", "build"] as const;
export type TaskAction = (typeof TASK_ACTIONS)[number];

/** A task as it is on record; its id is that of its operation. */
export interface TaskRecord {
  id: string;
  action: TaskAction;
  parentId: string | null;
  actor: string;
  plugin: PluginId | null;
  version: string | null;
  previousVersion: string | null;
  status: TaskStatus;
  promised: PromisedOutcome | null;
  result: unknown;
  error: OperationError | null;
  startedAt: string;
  endedAt: string | null;
}

const parse = (text: string | null) => (text === null ? null : JSON.parse(text));

export const toTaskRecord = (row: Selectable<DebTables["deb_task"]>): TaskRecord => ({
  id: row.id,
  action: row.action as TaskAction,
  parentId: row.parent_id,
  actor: row.actor,
  plugin: row.namespace === null || row.name === null ? null : { namespace: row.namespace, name: row.name },
  version: row.version,
  previousVersion: row.previous_version,
  status: row.status as TaskStatus,
  promised: parse(row.promised),
  result: parse(row.result),
  error: parse(row.error),
  startedAt: row.started_at,
  endedAt: row.ended_at,
});
