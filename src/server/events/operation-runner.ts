import { once } from "node:events";
import type { Kysely, Selectable } from "kysely";
import type { Logger } from "pino";
import { toPlugctlError } from "../../core/errors.ts";
import type { ProgressEvent } from "../../core/progress.ts";
import type { Database } from "../storage/database.ts";
import type { EventBus } from "./bus.ts";
import type {
  OperationEvent,
  OperationRecord,
  OperationStart,
  OperationState,
  Operations,
} from "./operations.ts";
import type { EventTables } from "./tables.ts";

/** Steps of one phase closer together than this are shown as one: nobody reads ten a second. */
const STEP_INTERVAL_MS = 100;

/** Events of so long are written together: each write waits for the disk, and everybody else waits with it. */
const STORE_INTERVAL_MS = 250;

export interface OperationRunner extends Operations {
  /** Marks what was running when the last server died. Call once, before the first `start`. */
  recover(): Promise<void>;
  /** Waits for what runs until `deadline` fires, then asks it to end; resolves when all of it has. */
  stop(deadline?: AbortSignal): Promise<void>;
  /** Forgets operations that ended before that time. */
  prune(endedBefore: Date): Promise<void>;
}

interface RunningOperation {
  record: OperationRecord;
  events: OperationEvent[];
  /** How many of the events are in the database, when the next ones are to be written, and their writing. */
  stored: number;
  storeLater: NodeJS.Timeout | undefined;
  storing: Promise<void>;
  /** Fires `change` after each event and at the end. */
  changes: EventTarget;
  done: boolean;
  controller: AbortController;
  finished: Promise<void>;
}

export interface OperationDependencies {
  database: Database;
  events: EventBus;
  log: Logger;
  now: () => Date;
}

type Row = Selectable<EventTables["operation"]>;

const toRecord = (row: Row): OperationRecord => ({
  id: row.id,
  kind: row.kind,
  resource: row.resource,
  state: row.state as OperationState,
  actor: row.actor,
  startedAt: row.started_at,
  finishedAt: row.finished_at,
  result: row.result === null ? null : JSON.parse(row.result),
  error: row.error === null ? null : JSON.parse(row.error),
});

/** True for a step that only moves a counter, so soon after the last one that leaving it out is no loss. */
function isMinorStep(event: ProgressEvent, last: OperationEvent | undefined, at: Date): boolean {
  return (
    last?.phase === event.phase &&
    event.done !== undefined &&
    event.done !== event.total &&
    at.getTime() - Date.parse(last.at) < STEP_INTERVAL_MS
  );
}

export function createOperations({ database, events, log, now }: OperationDependencies): OperationRunner {
  const db: Kysely<EventTables> = database.$extendTables<EventTables>();
  const running = new Map<string, RunningOperation>();
  let stopping = false;

  function announce(type: string, record: OperationRecord, data: Record<string, unknown> = {}): void {
    const { id, kind, state } = record;
    events.publish({ type, resource: record.resource, data: { id, kind, state, ...data } });
  }

  function addEvent(operation: RunningOperation, event: ProgressEvent): void {
    const at = now();
    if (operation.done || isMinorStep(event, operation.events.at(-1), at)) return;
    operation.events.push({ ...event, seq: operation.events.length + 1, at: at.toISOString() });
    announce("operation.progress", operation.record, { ...event });
    operation.changes.dispatchEvent(new Event("change"));
    operation.storeLater ??= setTimeout(() => {
      operation.storeLater = undefined;
      operation.storing = operation.storing
        .then(() => storeEvents(db, operation))
        .catch((error: unknown) => log.error({ err: error }, "progress was not recorded"));
    }, STORE_INTERVAL_MS);
  }

  /** Writes the events that are not in the database yet. */
  async function storeEvents(to: Kysely<EventTables>, operation: RunningOperation): Promise<void> {
    const batch = operation.events.slice(operation.stored);
    if (batch.length === 0) return;
    await to
      .insertInto("operation_event")
      .values(
        batch.map((event) => ({
          operation_id: operation.record.id,
          seq: event.seq,
          event: JSON.stringify(event),
        })),
      )
      .execute();
    operation.stored += batch.length;
  }

  async function finish(operation: RunningOperation, outcome: Partial<OperationRecord>): Promise<void> {
    clearTimeout(operation.storeLater);
    await operation.storing;
    const record = { ...operation.record, finishedAt: now().toISOString(), ...outcome };
    await db.transaction().execute(async (trx) => {
      await storeEvents(trx, operation);
      await trx
        .updateTable("operation")
        .set({
          state: record.state,
          finished_at: record.finishedAt,
          result: record.result === null ? null : JSON.stringify(record.result),
          error: record.error === null ? null : JSON.stringify(record.error),
        })
        .where("id", "=", record.id)
        .execute();
    });
    operation.record = record;
  }

  async function execute(
    operation: RunningOperation,
    run: Parameters<Operations["start"]>[1],
  ): Promise<void> {
    const { signal } = operation.controller;
    try {
      const outcome: Partial<OperationRecord> = await run((event) => addEvent(operation, event), signal).then(
        (result) => ({ state: "succeeded", result: result ?? null }),
        (thrown: unknown) => {
          const { code, message, details } = toPlugctlError(thrown);
          if (code === "INTERNAL")
            log.error({ err: thrown, operation: operation.record.id }, "an operation failed");
          // The text of an unexpected failure may tell of the server's inside.
          const told = code === "INTERNAL" ? "the server failed; its log says why" : message;
          const error = { code, message: told, ...(details === undefined ? {} : { details }) };
          return { state: signal.aborted ? "interrupted" : "failed", error };
        },
      );
      await finish(operation, outcome);
    } catch (error) {
      // What could not be recorded stays `running` in the database and becomes `interrupted` at the next start.
      log.error({ err: error, operation: operation.record.id }, "the end of an operation was not recorded");
    } finally {
      operation.done = true;
      running.delete(operation.record.id);
      announce("operation.finished", operation.record);
      operation.changes.dispatchEvent(new Event("change"));
    }
  }

  async function storedEvents(id: string, afterSeq: number): Promise<OperationEvent[]> {
    const rows = await db
      .selectFrom("operation_event")
      .select("event")
      .where("operation_id", "=", id)
      .where("seq", ">", afterSeq)
      .orderBy("seq")
      .execute();
    return rows.map((row) => JSON.parse(row.event));
  }

  return {
    async start(what: OperationStart, run) {
      const record: OperationRecord = {
        id: what.id ?? crypto.randomUUID(),
        kind: what.kind,
        resource: what.resource,
        state: "running",
        actor: what.actor?.login ?? "system",
        startedAt: now().toISOString(),
        finishedAt: null,
        result: null,
        error: null,
      };
      const { id, kind, resource, state, actor, startedAt: started_at } = record;
      await db.insertInto("operation").values({ id, kind, resource, state, actor, started_at }).execute();
      const operation: RunningOperation = {
        record,
        events: [],
        stored: 0,
        storeLater: undefined,
        storing: Promise.resolve(),
        changes: new EventTarget(),
        done: false,
        controller: new AbortController(),
        finished: Promise.resolve(),
      };
      running.set(id, operation);
      announce("operation.started", record);
      if (stopping) operation.controller.abort();
      operation.finished = execute(operation, run);
      return record;
    },
    cancel(id) {
      const operation = running.get(id);
      operation?.controller.abort();
      return operation !== undefined;
    },
    async settle(id, { state, result, error }) {
      await db
        .updateTable("operation")
        .set({
          state,
          result: result === null ? null : JSON.stringify(result),
          error: error === null ? null : JSON.stringify(error),
        })
        .where("id", "=", id)
        .execute();
    },
    async get(id) {
      const row = await db.selectFrom("operation").selectAll().where("id", "=", id).executeTakeFirst();
      return row && toRecord(row);
    },
    async list(limit) {
      const rows = await db
        .selectFrom("operation")
        .selectAll()
        .orderBy("started_at", "desc")
        .orderBy("id")
        .limit(limit)
        .execute();
      return rows.map(toRecord);
    },
    async *events(id, afterSeq, signal) {
      const operation = running.get(id);
      if (operation === undefined) {
        yield* await storedEvents(id, afterSeq);
        return;
      }
      let next = afterSeq;
      while (!signal.aborted) {
        const event = operation.events[next];
        if (event !== undefined) {
          next++;
          yield event;
        } else if (operation.done) return;
        else await once(operation.changes, "change", { signal }).catch(() => undefined);
      }
    },
    async recover() {
      await db
        .updateTable("operation")
        .set({
          state: "interrupted",
          finished_at: now().toISOString(),
          error: JSON.stringify({ code: "CANCELLED", message: "the server stopped" }),
        })
        .where("state", "=", "running")
        .execute();
    },
    async stop(deadline = AbortSignal.abort()) {
      const abortAll = () => {
        stopping = true;
        for (const operation of running.values()) operation.controller.abort();
      };
      if (deadline.aborted) abortAll();
      else deadline.addEventListener("abort", abortAll, { once: true });
      while (running.size > 0)
        await Promise.all([...running.values()].map((operation) => operation.finished));
      deadline.removeEventListener("abort", abortAll);
    },
    async prune(endedBefore) {
      await db.deleteFrom("operation").where("finished_at", "<", endedBefore.toISOString()).execute();
    },
  };
}
