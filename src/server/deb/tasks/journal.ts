import type { PluginId } from "../../../core/deb/package-name.ts";
import type { OperationError } from "../../events/operations.ts";
import { progressMessage } from "../events/message.ts";
import type { Outbox } from "../events/outbox.ts";
import type { InstallResult, PluginRecord } from "../plugins/records.ts";
import type { DebDatabase } from "../tables.ts";
import type { TaskStatus } from "./statuses.ts";
import { type TaskAction, type TaskRecord, toTaskRecord } from "./task-record.ts";

/**
 * A broker drops what no queue is bound for, and wazo-plugind-cli binds its queue while it posts: so the first message
 * waits a moment, and the last one long enough that nobody who follows a task can miss it (wazo-plugind spec, section 8.3).
 */
const FIRST_HELD_MS = 100;
const LAST_HELD_MS = 300;

export interface NewTask {
  id: string;
  action: TaskAction;
  parentId: string | null;
  actor: string;
  request: unknown;
  plugin: PluginId | null;
}

/** What an installation will have come to once its change is made. */
export interface PromisedOutcome {
  result: InstallResult;
  record: PluginRecord;
}

/** What has been found out about a task since it began; written down with its next status. */
export interface TaskFacts {
  /** Which plugin it is about. */
  plugin?: { id: PluginId; version: string; previousVersion: string | null };
  promised?: PromisedOutcome;
}

const toColumns = ({ plugin, promised }: TaskFacts) => ({
  ...(plugin && {
    namespace: plugin.id.namespace,
    name: plugin.id.name,
    version: plugin.version,
    previous_version: plugin.previousVersion,
  }),
  ...(promised && { promised: JSON.stringify(promised) }),
});

/** What a task ended with. */
export type TaskEnd =
  | { status: "completed"; result: unknown }
  | {
      status: "error";
      error: OperationError;
      /** wazo-plugind's shape. */
      errors: Readonly<Record<string, unknown>>;
      /** The end of the task's log. */
      log: string;
    };

/** The record of tasks: each status is durable, with the message that tells of it, before its step begins. */
export class TaskJournal {
  readonly #db: DebDatabase;
  /** Undefined when there is no broker to tell. */
  readonly #outbox: Outbox | undefined;
  readonly #originUuid: string;
  readonly #now: () => Date;

  constructor(parts: { db: DebDatabase; outbox: Outbox | undefined; originUuid: string; now: () => Date }) {
    this.#db = parts.db;
    this.#outbox = parts.outbox;
    this.#originUuid = parts.originUuid;
    this.#now = parts.now;
  }

  async begin({ id, action, parentId, actor, request, plugin }: NewTask): Promise<void> {
    const startedAt = this.#now();
    await this.#commit(async (trx) => {
      await trx
        .insertInto("deb_task")
        .values({
          id,
          action,
          parent_id: parentId,
          actor,
          request: JSON.stringify(request),
          namespace: plugin?.namespace ?? null,
          name: plugin?.name ?? null,
          version: null,
          previous_version: null,
          status: "starting",
          promised: null,
          result: null,
          error: null,
          started_at: startedAt.toISOString(),
          ended_at: null,
        })
        .execute();
      await this.#tell(trx, { id, action, parentId }, "starting", {}, startedAt.getTime() + FIRST_HELD_MS);
    });
  }

  async enter(
    task: Pick<NewTask, "id" | "action" | "parentId">,
    status: TaskStatus,
    facts: TaskFacts = {},
  ): Promise<void> {
    await this.#commit(async (trx) => {
      await trx
        .updateTable("deb_task")
        .set({ status, ...toColumns(facts) })
        .where("id", "=", task.id)
        .execute();
      await this.#tell(trx, task, status, {}, 0);
    });
  }

  /** @param also what belongs to the end, in its transaction. */
  async end(
    task: Pick<TaskRecord, "id" | "action" | "parentId" | "startedAt">,
    end: TaskEnd & { facts?: TaskFacts },
    also?: (trx: DebDatabase) => Promise<void>,
  ): Promise<void> {
    const failure =
      end.status === "error"
        ? { errors: end.errors, reason: end.error.message, ...(end.log === "" ? {} : { log: end.log }) }
        : {};
    await this.#commit(async (trx) => {
      await trx
        .updateTable("deb_task")
        .set({
          ...toColumns(end.facts ?? {}),
          status: end.status,
          ended_at: this.#now().toISOString(),
          ...(end.status === "error"
            ? { error: JSON.stringify(end.error) }
            : { result: JSON.stringify(end.result) }),
        })
        .where("id", "=", task.id)
        .execute();
      await also?.(trx);
      await this.#tell(trx, task, end.status, failure, Date.parse(task.startedAt) + LAST_HELD_MS);
    });
  }

  async get(id: string): Promise<TaskRecord | undefined> {
    const row = await this.#db.selectFrom("deb_task").selectAll().where("id", "=", id).executeTakeFirst();
    return row && toTaskRecord(row);
  }

  /** Changes of one plugin, newest first. */
  async history({ namespace, name }: PluginId, limit: number): Promise<TaskRecord[]> {
    const rows = await this.#db
      .selectFrom("deb_task")
      .selectAll()
      .where("namespace", "=", namespace)
      .where("name", "=", name)
      .where("action", "!=", "build")
      .orderBy("started_at", "desc")
      .orderBy("id")
      .limit(limit)
      .execute();
    return rows.map(toTaskRecord);
  }

  /** What was put on record when that package of a plugin was installed last. */
  async lastInstallation(plugin: PluginId, debSha256: string): Promise<PromisedOutcome | undefined> {
    const tasks = await this.history(plugin, 1_000);
    return (
      tasks
        .filter((task) => task.status === "completed")
        .map((task) => task.promised)
        .find((promised) => promised?.record.debSha256 === debSha256) ?? undefined
    );
  }

  /** Tasks that have not ended, oldest first. */
  async unfinished(): Promise<TaskRecord[]> {
    const rows = await this.#db
      .selectFrom("deb_task")
      .selectAll()
      .where("ended_at", "is", null)
      .orderBy("started_at")
      .execute();
    return rows.map(toTaskRecord);
  }

  /** The tasks that began last, newest first. */
  async latest(limit: number): Promise<TaskRecord[]> {
    const rows = await this.#db
      .selectFrom("deb_task")
      .selectAll()
      .orderBy("started_at", "desc")
      .limit(limit)
      .execute();
    return rows.map(toTaskRecord);
  }

  /** Forgets tasks that ended before that time. @returns their ids. */
  async prune(endedBefore: Date): Promise<string[]> {
    const rows = await this.#db
      .deleteFrom("deb_task")
      .where("ended_at", "<", endedBefore.toISOString())
      .returning("id")
      .execute();
    return rows.map((row) => row.id);
  }

  async #commit(work: (trx: DebDatabase) => Promise<void>): Promise<void> {
    await this.#db.transaction().execute(work);
    this.#outbox?.committed();
  }

  async #tell(
    trx: DebDatabase,
    { id, action, parentId }: Pick<NewTask, "id" | "action" | "parentId">,
    status: TaskStatus,
    extra: Record<string, unknown>,
    notBefore: number,
  ): Promise<void> {
    // A wazo-plugind only builds what it installs: nobody there has a word for it.
    if (this.#outbox === undefined || action === "build") return;
    const data = { uuid: id, status, ...extra, ...(parentId === null ? {} : { parent_uuid: parentId }) };
    const message = progressMessage(action, data, { originUuid: this.#originUuid, at: this.#now() });
    await this.#outbox.add(trx, id, message, notBefore);
  }
}
