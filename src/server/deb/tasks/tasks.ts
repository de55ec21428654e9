import type { FastifyRequest } from "fastify";
import type { PluginId } from "../../../core/deb/package-name.ts";
import { toPlugctlError } from "../../../core/errors.ts";
import type { AuditEntry } from "../../events/audit.ts";
import { originOf } from "../../http/origin.ts";
import type { Principal } from "../../identity/identity.ts";
import type { ServerContext } from "../../module.ts";
import { type BuildParts, runBuild } from "./build.ts";
import { Installation, type InstallationParts } from "./installation.ts";
import type { BuildOrder, TaskOrder } from "./orders.ts";
import { type MakeProbe, planTask, type TaskPlan } from "./plan.ts";
import { runRemoval } from "./removal.ts";
import { runRollback } from "./rollback.ts";
import { resourceOf, Task } from "./task.ts";
import { withToldHint } from "./told-hint.ts";

export interface TasksParts extends InstallationParts, BuildParts {
  context: Pick<ServerContext, "audit" | "events" | "operations">;
  makeProbe: MakeProbe;
}

/** The plugin that an order names; of one from elsewhere the name is known once its description has been read. */
function pluginOf(order: TaskOrder | BuildOrder): PluginId | undefined {
  if (!("source" in order)) return { namespace: order.namespace, name: order.name };
  const { source } = order;
  return source.type === "market" ? { namespace: source.namespace, name: source.name } : undefined;
}

function subjectOf(order: TaskOrder | BuildOrder): string {
  if (!("source" in order) || order.source.type === "market") return "plugin";
  return order.source.type === "git" ? `git:${order.source.url}` : `upload:${order.source.id}`;
}

/** Changes and builds of plugins: each is a task that goes on after the answer, and a row in the audit log when it has ended. */
export class Tasks {
  readonly #parts: TasksParts;
  /** Of tasks whose end is not in the audit log yet. */
  readonly #open = new Set<Promise<void>>();

  constructor(parts: TasksParts) {
    this.#parts = parts;
  }

  /** Resolves with the task's id when it is durable. */
  async start(
    request: FastifyRequest,
    actor: Principal | null,
    order: TaskOrder | BuildOrder,
  ): Promise<string> {
    const { services } = this.#parts;
    const task = await Task.open(services, {
      action: order.action,
      actor,
      request: order,
      plugin: pluginOf(order),
      subject: subjectOf(order),
    });
    const entry = { actor, action: `plugin.${order.action}`, ...originOf(request) };
    const audited = this.#run(task, order).then(
      (plugin) =>
        this.#audited({ ...entry, resource: resourceOf(plugin), outcome: "ok", detail: { task: task.id } }),
      (thrown: unknown) => {
        const known = pluginOf(order);
        return this.#audited({
          ...entry,
          resource: known === undefined ? subjectOf(order) : resourceOf(known),
          outcome: "failed",
          detail: { task: task.id, code: toPlugctlError(thrown).code },
        });
      },
    );
    this.#open.add(audited);
    void audited.finally(() => this.#open.delete(audited));
    return task.id;
  }

  /** Resolves when the end of every task is in the audit log; none may be started any more. */
  async close(): Promise<void> {
    await Promise.all(this.#open);
  }

  /** Asks a running task to end. @returns false when it has ended. */
  cancel(id: string): boolean {
    return this.#parts.context.operations.cancel(id);
  }

  /** What an order would come to; nothing is built or changed. */
  async plan(order: TaskOrder, signal: AbortSignal): Promise<TaskPlan> {
    try {
      return await planTask(this.#parts, order, signal);
    } catch (thrown) {
      throw withToldHint(thrown);
    }
  }

  async #run(task: Task, order: TaskOrder | BuildOrder): Promise<PluginId> {
    switch (order.action) {
      case "build":
        return runBuild(this.#parts, task, order);
      case "install":
        return new Installation(this.#parts).run(task, order);
      case "remove":
        return runRemoval(this.#parts, task, order);
      case "rollback":
        return runRollback({ ...this.#parts, journal: this.#parts.services.journal }, task, order);
    }
  }

  async #audited(entry: AuditEntry): Promise<void> {
    const { context, services } = this.#parts;
    try {
      await context.audit.record(entry);
      if (entry.outcome === "ok") context.events.publish({ type: entry.action, resource: entry.resource });
    } catch (error) {
      services.log.error({ err: error }, "the end of a task is not in the audit log");
    }
  }
}
