import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "pino";
import type { PluginId } from "../../../core/deb/package-name.ts";
import { cancelledError, PlugctlError, toPlugctlError } from "../../../core/errors.ts";
import type { ProgressListener } from "../../../core/progress.ts";
import type { Operations } from "../../events/operations.ts";
import type { Principal } from "../../identity/identity.ts";
import type { DebDatabase } from "../tables.ts";
import { toWazoErrors } from "./failure.ts";
import type { PromisedOutcome, TaskFacts, TaskJournal } from "./journal.ts";
import type { TaskStatus } from "./statuses.ts";
import type { TaskLog, TaskLogs } from "./task-log.ts";
import type { TaskAction } from "./task-record.ts";
import { withToldHint } from "./told-hint.ts";

export interface TaskServices {
  operations: Operations;
  journal: TaskJournal;
  logs: TaskLogs;
  log: Logger;
}

export interface TaskStart {
  action: TaskAction;
  actor: Principal | null;
  request: unknown;
  plugin?: PluginId | undefined;
  /** What shows in the list of operations while the plugin's name is not known. */
  subject?: string | undefined;
  parent?: Task | undefined;
}

/** What a person reads of a status. */
const MESSAGES: Partial<Record<TaskStatus, string>> = {
  starting: "waiting for its turn",
  extracting: "taking the plugin out of the source",
  validating: "reading the plugin's description",
  packaging: "making the package",
  updating: "looking for what the package needs",
  cleaning: "cleaning up",
};

export const resourceOf = ({ namespace, name }: PluginId) => `plugin:${namespace}/${name}`;

/**
 * A task under way: its operation, its record, its log. Whoever opens one ends it, with `succeed` or `fail`.
 */
export class Task {
  readonly id = crypto.randomUUID();
  readonly action: TaskAction;
  readonly actor: Principal | null;
  readonly parentId: string | null;
  readonly startedAt: string;
  readonly #services: TaskServices;
  readonly #outcome = Promise.withResolvers<unknown>();
  readonly #log: TaskLog;
  #progress: ProgressListener = () => undefined;
  #signal = new AbortController().signal;
  #status: TaskStatus = "starting";
  /** Not on record yet. */
  #facts: TaskFacts = {};
  #ended = false;
  /** Where it installs from, in wazo's words, as far as that is known. */
  installOptions: Readonly<Record<string, unknown>> | undefined;

  private constructor(
    services: TaskServices,
    { action, actor, parent }: TaskStart,
    log: (id: string) => TaskLog,
  ) {
    this.#services = services;
    this.action = action;
    this.actor = actor;
    this.parentId = parent?.id ?? null;
    this.startedAt = new Date().toISOString();
    this.#log = log(this.id);
  }

  /** Resolves when the task is durable. */
  static async open(services: TaskServices, start: TaskStart): Promise<Task> {
    const { operations, journal, logs } = services;
    const task = new Task(services, start, (id) => logs.begin(id));
    const { id, action, actor, parentId } = task;
    try {
      await journal.begin({
        id,
        action,
        parentId,
        actor: actor?.login ?? "system",
        request: start.request,
        plugin: start.plugin ?? null,
      });
      const resource = start.plugin === undefined ? (start.subject ?? "plugin") : resourceOf(start.plugin);
      await operations.start({ id, kind: `deb.${action}`, resource, actor }, (progress, signal) => {
        task.#progress = progress;
        task.#signal = start.parent === undefined ? signal : AbortSignal.any([signal, start.parent.signal]);
        progress({ phase: "starting", message: MESSAGES.starting ?? "" });
        return task.#outcome.promise;
      });
    } catch (error) {
      logs.end(id);
      throw error;
    }
    // Who waits for nothing but the record of the operation must not see this promise as forgotten.
    task.#outcome.promise.catch(() => undefined);
    return task;
  }

  /** Aborted when somebody cancels the task or that which it is a part of. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  get status(): TaskStatus {
    return this.#status;
  }

  readonly print = (text: string): void => this.#log.append(text);

  /** Says on record and to all who follow that a step begins. @throws CANCELLED. */
  async enter(status: TaskStatus, message: string = MESSAGES[status] ?? status): Promise<void> {
    if (this.#signal.aborted) throw cancelledError("the task was cancelled");
    if (status !== this.#status) await this.#record(status, message);
  }

  /** Like `enter`, once the change has been made: it cannot be cancelled any more. */
  async enterAfterChange(status: TaskStatus): Promise<void> {
    await this.#record(status, MESSAGES[status] ?? status);
  }

  async #record(status: TaskStatus, message: string): Promise<void> {
    await this.#services.journal.enter(this, status, this.#facts);
    this.#facts = {};
    this.#status = status;
    this.#progress({ phase: status, message });
  }

  /** Tells those who follow something that is no status. */
  note(message: string): void {
    this.#progress({ phase: this.#status, message });
  }

  /** Notes which plugin it is about; on record with the next status. */
  describe(id: PluginId, version: string, previousVersion: string | null): void {
    this.#facts.plugin = { id, version, previousVersion };
  }

  /** Notes what the task will have come to once its change is made, for a start after a crash; likewise. */
  promise(outcome: PromisedOutcome): void {
    this.#facts.promised = outcome;
  }

  /** @param also what belongs to the success, in its transaction. */
  async succeed(result: unknown, also?: (trx: DebDatabase) => Promise<void>): Promise<void> {
    await this.#services.journal.end(this, { status: "completed", result, facts: this.#facts }, also);
    this.#ended = true;
    this.#status = "completed";
    this.#progress({ phase: "completed", message: "done" });
    await this.#close();
    this.#outcome.resolve(result);
  }

  /** Ends the task with what was thrown. @returns the error as it is on record. */
  async fail(thrown: unknown): Promise<PlugctlError> {
    const failure = this.#toError(thrown);
    if (this.#ended) return failure;
    this.#ended = true;
    const { code, message, details } = failure;
    if (code === "INTERNAL") this.#services.log.error({ err: thrown, task: this.id }, "a task failed");
    const told = code === "INTERNAL" ? "the server failed; its log says why" : message;
    const errors = toWazoErrors(failure, this.#status, this.installOptions);
    try {
      await this.#services.journal.end(this, {
        status: "error",
        error: { code, message: told, ...(details === undefined ? {} : { details }) },
        errors: { ...errors },
        log: this.#log.tail,
        facts: this.#facts,
      });
    } catch (error) {
      // It stays unfinished on record and is settled at the next start.
      this.#services.log.error({ err: error, task: this.id }, "the end of a task was not recorded");
    }
    this.#progress({ phase: "error", message: told });
    await this.#close();
    this.#outcome.reject(failure);
    return failure;
  }

  #toError(thrown: unknown): PlugctlError {
    const cancelled = this.#signal.aborted ? cancelledError("the task was cancelled") : undefined;
    const { code, message, details, hint } = toPlugctlError(withToldHint(cancelled ?? thrown));
    const log = this.#log.tail;
    return new PlugctlError(code, message, {
      hint,
      cause: thrown,
      details: { step: this.#status, ...(log === "" ? {} : { log }), ...details },
    });
  }

  /** The log is whole before anybody learns of the end. */
  async #close(): Promise<void> {
    this.#services.logs.end(this.id);
    await nextTurn();
  }
}
