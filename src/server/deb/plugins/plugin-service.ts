import type { FastifyRequest } from "fastify";
import type { PluginId } from "../../../core/deb/package-name.ts";
import { isPlugctlError } from "../../../core/errors.ts";
import type { Principal } from "../../identity/identity.ts";
import type { PackageInstaller } from "../installer/installer.ts";
import type { MarketItem } from "../market/document.ts";
import { withLocalValues } from "../market/local-values.ts";
import type { Market } from "../market/market.ts";
import { type MarketQuery, queryMarket } from "../market/query.ts";
import type { InstallOptions } from "../plugind/validation.ts";
import type { OrderSource } from "../tasks/orders.ts";
import { installedVersions } from "../tasks/preparation.ts";
import type { Tasks } from "../tasks/tasks.ts";

export interface PluginServiceParts {
  installer: PackageInstaller;
  market: Market;
  tasks: Tasks;
  wazoVersion: string | undefined;
}

type Description = Readonly<Record<string, unknown>>;

/** What wazo-plugind's API does, with its defaults: the plugins, the market, and tasks that change them. */
export class PluginService {
  readonly #parts: PluginServiceParts;

  constructor(parts: PluginServiceParts) {
    this.#parts = parts;
  }

  /** Descriptions of what is installed, in dpkg's order; what is half removed has none. */
  async descriptions(): Promise<Description[]> {
    const plugins = await this.#parts.installer.plugins();
    return plugins.flatMap(({ metadata }) => (metadata === undefined ? [] : [metadata]));
  }

  async description(id: PluginId): Promise<Description | undefined> {
    return (await this.#parts.installer.plugin(id))?.metadata;
  }

  async isInstalled(id: PluginId): Promise<boolean> {
    return (await this.description(id)) !== undefined;
  }

  /** @returns the task's id. */
  installAsWazo(
    request: FastifyRequest,
    actor: Principal | null,
    body: InstallOptions,
    reinstall: boolean,
  ): Promise<string> {
    const order = { action: "install" as const, source: toSource(body), reinstall, allowDowngrade: false };
    return this.#parts.tasks.start(request, actor, order);
  }

  /** Plugins that need it go as well, as with the original. @returns the task's id. */
  removeAsWazo(request: FastifyRequest, actor: Principal | null, id: PluginId): Promise<string> {
    const order = { action: "remove" as const, ...id, purge: false, removeDependents: true };
    return this.#parts.tasks.start(request, actor, order);
  }

  /** @throws UNAVAILABLE, UnorderableColumn. */
  async searchMarket(query: MarketQuery): Promise<unknown> {
    const installed = await installedVersions(this.#parts.installer);
    return queryMarket(await this.#parts.market.localItems(installed), query);
  }

  /** With how its versions are installed. @throws UNAVAILABLE. */
  async marketItem(id: PluginId): Promise<unknown> {
    let item: MarketItem;
    try {
      item = await this.#parts.market.item(id);
    } catch (error) {
      if (isPlugctlError(error) && error.code === "NOT_FOUND") return undefined;
      throw error;
    }
    return withLocalValues(item, await installedVersions(this.#parts.installer), this.#parts.wazoVersion);
  }
}

function toSource({ method, options }: InstallOptions): OrderSource {
  if (method === "market") return { type: "market", ...options };
  const { url, ref, subdirectory } = options;
  return { type: "git", url, ref, directory: subdirectory ?? undefined };
}
