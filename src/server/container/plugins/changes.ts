import type { FastifyRequest } from "fastify";
import { toPlugctlError } from "../../../core/errors.ts";
import type { InstallationChange } from "../../../core/installation.ts";
import type { LifecycleAction, LifecycleResult } from "../../../core/lifecycle.ts";
import type { SettingsChange } from "../../../core/settings.ts";
import type { OperationRecord } from "../../events/operations.ts";
import { originOf } from "../../http/origin.ts";
import { Problem } from "../../http/problem.ts";
import type { Principal } from "../../identity/identity.ts";
import type { ServerContext } from "../../module.ts";
import type { PluginOwner } from "../tokens/plugin-tokens.ts";
import type { PluginInstaller, Wanted } from "./installer.ts";
import type { Plugins } from "./plugins.ts";
import type { PluginLocator } from "./reach.ts";
import type { PluginRevisions, SettingsOutcome } from "./revisions.ts";
import { needsAdministrator } from "./settings-schema.ts";

export interface ChangesParts {
  context: Pick<ServerContext, "audit" | "events" | "identity" | "operations">;
  installer: PluginInstaller;
  revisions: PluginRevisions;
  plugins: Plugins;
  locator: PluginLocator;
}

export interface InstallOrder {
  entry?: string | undefined;
  version?: string | undefined;
  image?: string | undefined;
  settings: SettingsChange;
  start: boolean;
}

export const resourceOf = ({ user, plugin }: PluginOwner) => `plugin:${user}/${plugin}`;

/** Changes of plugins on somebody's behalf: audited whatever becomes of them, and told to the event bus when done. */
export class PluginChanges {
  readonly #parts: ChangesParts;
  /** Plugins that are being installed, upgraded or removed: one change at a time. */
  readonly #busy = new Set<string>();

  constructor(parts: ChangesParts) {
    this.#parts = parts;
  }

  /** @throws Problem 403 for settings that reach beyond the plugin; Problem 409 while it is being changed. */
  async install(
    request: FastifyRequest,
    actor: Principal,
    owner: PluginOwner,
    order: InstallOrder,
  ): Promise<OperationRecord> {
    const { identity } = this.#parts.context;
    if (needsAdministrator(order.settings)) await identity.authorize(request, "admin");
    const wanted: Wanted =
      order.image === undefined
        ? { type: "market", entry: order.entry ?? owner.plugin, version: order.version }
        : { type: "image", reference: order.image };
    const { settings, start } = order;
    return this.#operation(request, { actor, owner, action: "plugin.install" }, (work) =>
      this.#parts.installer.install(owner, { wanted, settings, start }, work),
    );
  }

  /** @throws NOT_FOUND; Problem 409 while it is being changed. */
  async upgrade(
    request: FastifyRequest,
    actor: Principal,
    owner: PluginOwner,
    version: string | undefined,
  ): Promise<OperationRecord> {
    await this.#parts.plugins.info(owner);
    return this.#operation(request, { actor, owner, action: "plugin.upgrade" }, (work) =>
      this.#parts.installer.upgrade(owner, version, work),
    );
  }

  /** @throws NOT_FOUND; Problem 403 for settings that reach beyond the plugin; Problem 409 while it is being changed. */
  async set(
    request: FastifyRequest,
    actor: Principal,
    owner: PluginOwner,
    change: SettingsChange,
  ): Promise<OperationRecord> {
    await this.planSet(request, owner, change);
    // Values may be secrets.
    const detail = { settings: Object.keys(change), variables: Object.keys(change.env ?? {}) };
    return this.#operation(request, { actor, owner, action: "plugin.set", detail }, (work) =>
      this.#parts.revisions.change(owner, { change, dryRun: false }, work),
    );
  }

  /** What `set` would do; nothing is changed. @throws as `set` does. */
  async planSet(
    request: FastifyRequest,
    owner: PluginOwner,
    change: SettingsChange,
  ): Promise<SettingsOutcome> {
    if (needsAdministrator(change)) await this.#parts.context.identity.authorize(request, "admin");
    return this.#parts.revisions.change(owner, { change, dryRun: true }, unattended());
  }

  /** @throws NOT_FOUND; CONFLICT when there is nothing to go back to; Problem 409 while it is being changed. */
  async rollback(request: FastifyRequest, actor: Principal, owner: PluginOwner): Promise<OperationRecord> {
    await this.planRollback(owner);
    return this.#operation(request, { actor, owner, action: "plugin.rollback" }, (work) =>
      this.#parts.revisions.rollback(owner, { dryRun: false }, work),
    );
  }

  /** What `rollback` would do; nothing is changed. @throws as `rollback` does. */
  planRollback(owner: PluginOwner): Promise<InstallationChange> {
    return this.#parts.revisions.rollback(owner, { dryRun: true }, unattended());
  }

  /** @throws NOT_FOUND; Problem 409 while it is being changed. */
  remove(
    request: FastifyRequest,
    actor: Principal,
    owner: PluginOwner,
    options: { purge: boolean },
  ): Promise<void> {
    return this.#exclusively(owner, () =>
      this.#audited(request, { actor, owner, action: "plugin.remove", detail: options }, () =>
        this.#parts.installer.remove(owner, options),
      ),
    );
  }

  /** @throws NOT_FOUND, CONFLICT when the state forbids it. */
  act(
    request: FastifyRequest,
    actor: Principal,
    owner: PluginOwner,
    action: LifecycleAction,
    options: { timeoutSeconds?: number | undefined; signal?: string | undefined },
  ): Promise<LifecycleResult> {
    return this.#audited(request, { actor, owner, action: `plugin.${action}` }, () =>
      this.#parts.plugins.act(owner, action, options),
    );
  }

  /** The change goes on after the answer: its row in the audit log is written when it has ended. */
  async #operation<Result>(
    request: FastifyRequest,
    change: ChangeOf,
    run: (work: Parameters<PluginInstaller["upgrade"]>[2]) => Promise<Result>,
  ): Promise<OperationRecord> {
    const { actor, owner, action } = change;
    const free = this.#claim(owner);
    try {
      return await this.#parts.context.operations.start(
        { kind: action, resource: resourceOf(owner), actor },
        (progress, signal) => this.#audited(request, change, () => run({ progress, signal })).finally(free),
      );
    } catch (error) {
      free();
      throw error;
    }
  }

  async #audited<Result>(
    request: FastifyRequest,
    { actor, owner, action, detail = {} }: ChangeOf,
    run: () => Promise<Result>,
  ): Promise<Result> {
    const { audit, events } = this.#parts.context;
    const entry = { actor, action, resource: resourceOf(owner), ...originOf(request) };
    try {
      const result = await run();
      await audit.record({ ...entry, outcome: "ok", detail });
      events.publish({ type: action, resource: entry.resource });
      return result;
    } catch (error) {
      const { code } = error instanceof Problem ? error : toPlugctlError(error);
      await audit.record({ ...entry, outcome: "failed", detail: { ...detail, code } });
      throw error;
    } finally {
      this.#parts.locator.forget({ user: owner.user, name: owner.plugin });
    }
  }

  async #exclusively<Result>(owner: PluginOwner, run: () => Promise<Result>): Promise<Result> {
    const free = this.#claim(owner);
    try {
      return await run();
    } finally {
      free();
    }
  }

  #claim(owner: PluginOwner): () => void {
    const key = resourceOf(owner);
    if (this.#busy.has(key)) {
      throw new Problem(409, "plugin_busy", `${owner.plugin} is being changed; wait until that has finished`);
    }
    this.#busy.add(key);
    return () => this.#busy.delete(key);
  }
}

/** For what is asked and answered at once. */
const unattended = () => ({ progress: () => undefined, signal: new AbortController().signal });

interface ChangeOf {
  actor: Principal;
  owner: PluginOwner;
  action: string;
  detail?: Record<string, unknown>;
}
