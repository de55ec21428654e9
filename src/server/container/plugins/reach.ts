import { LRUCache } from "lru-cache";
import type { PlannedEndpoint } from "../../../core/marketplace/plan.ts";
import { readBlueprint } from "../../../engine/blueprint.ts";
import { findContainer } from "../../../engine/containers.ts";
import { containerNames } from "../../../engine/names.ts";
import type { Container } from "../../../engine/schema.ts";
import { parsePort } from "../../../engine/user-settings.ts";
import type { Reach } from "../ingress/published-plugin.ts";
import type { EngineAccess } from "./engine-access.ts";
import { networkAddress, toOrigin } from "./network-address.ts";

/** Asking the engine costs more than passing a request on; a plugin that stops is noticed after so long. */
const REMEMBERED_MS = 1_000;

export interface PluginLocatorParts {
  engine: EngineAccess;
  /** Endpoint of an entry without a container: a port that one of its proxies opens. */
  hostEndpoint: (user: string, name: string) => Promise<PlannedEndpoint | undefined>;
}

/** Finds where plugins can be reached at the moment. */
export class PluginLocator {
  readonly #parts: PluginLocatorParts;
  readonly #known = new LRUCache<string, Promise<Reach>>({ max: 1000, ttl: REMEMBERED_MS });

  constructor(parts: PluginLocatorParts) {
    this.#parts = parts;
  }

  /** @throws UNAVAILABLE when the engine does not answer. */
  reach({ user, name }: { user: string; name: string }): Promise<Reach> {
    const key = `${user}/${name}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const reach = this.#find(user, name);
    this.#known.set(key, reach);
    reach.catch(() => this.#known.delete(key));
    return reach;
  }

  /** To be called when the plugin has changed. */
  forget({ user, name }: { user: string; name: string }): void {
    this.#known.delete(`${user}/${name}`);
  }

  async #find(user: string, name: string): Promise<Reach> {
    const { engine, hostEndpoint } = this.#parts;
    const container = await findContainer(engine.scope(user), containerNames(user, name).current);
    if (container === undefined) {
      const endpoint = await hostEndpoint(user, name);
      if (endpoint === undefined) return { state: "none" };
      const { port, rewriteBasePath } = endpoint;
      return {
        state: "running",
        origin: toOrigin({ host: "127.0.0.1", port }),
        rewriteBasePath,
        startedAt: null,
      };
    }
    const endpoint = endpointOf(container);
    if (endpoint === undefined) return { state: "none" };
    if (container.State.Status !== "running") return { state: "away", nativeState: container.State.Status };
    const address = networkAddress(container, endpoint.port, { engine: engine.address });
    if (address === undefined) return { state: "away", nativeState: "out of reach from this server" };
    const { StartedAt } = container.State;
    return {
      state: "running",
      origin: toOrigin(address),
      rewriteBasePath: endpoint.rewriteBasePath,
      startedAt: StartedAt === undefined ? null : new Date(StartedAt),
    };
  }
}

/** What the entry says; for a bare image the first port that its user publishes. */
function endpointOf({ Config }: Container): PlannedEndpoint | undefined {
  const blueprint = readBlueprint(Config.Labels, Config.Env);
  if (blueprint === undefined) return undefined;
  if (blueprint.recipe.endpoint !== null) return blueprint.recipe.endpoint;
  const published = (blueprint.settings.ports ?? [])
    .map((text) => parsePort(text).key.split("/"))
    .find(([, protocol]) => protocol === "tcp");
  return published === undefined ? undefined : { port: Number(published[0]), rewriteBasePath: true };
}
