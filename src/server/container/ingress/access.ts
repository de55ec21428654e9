import type { Dispatcher } from "undici";
import { verificationError } from "../../../core/errors.ts";
import type { PluginAccess } from "../../../core/observation.ts";
import type { PluginRegistry, RegisteredPlugin } from "../plugins/registry.ts";
import type { OpenConnections } from "./open-connections.ts";
import { type ProbeResult, probe } from "./probe.ts";
import { type PublishedPlugins, pluginKey } from "./published-plugin.ts";

/** What one address may ask of a public plugin in a second, unless somebody says otherwise. */
export const DEFAULT_REQUESTS_PER_SECOND = 100;

/** What a visitor who did not sign in may send in one request, unless somebody says otherwise. */
export const DEFAULT_MAX_BODY_BYTES = 100 * 1024 * 1024;

export interface AccessParts {
  registry: PluginRegistry;
  plugins: PublishedPlugins;
  connections: OpenConnections;
  agent: Dispatcher;
  urlOf: (plugin: RegisteredPlugin) => string | null;
}

export interface AccessReport extends PluginAccess {
  requestsPerSecond: number | null;
  maxBodyBytes: number | null;
  /** Connections that were ended because the plugin is private now. */
  ended: number;
}

export interface AccessChange {
  access: "public" | "private";
  force: boolean;
  requestsPerSecond?: number | null | undefined;
  maxBodyBytes?: number | null | undefined;
}

/** Opens plugins to everybody and closes them again. */
export class AccessControl {
  readonly #parts: AccessParts;

  constructor(parts: AccessParts) {
    this.#parts = parts;
  }

  async get(plugin: RegisteredPlugin): Promise<AccessReport> {
    return this.#report(plugin, await this.#probe(plugin), 0);
  }

  /**
   * Stands at once: requests that come afterwards, and connections that are open, are held to it.
   * @throws VERIFICATION when it shall be public, seems to have no login of its own (or cannot be asked), and `force`
   *   is not set.
   */
  async set(plugin: RegisteredPlugin, change: AccessChange): Promise<AccessReport> {
    const probed = await this.#probe(plugin);
    const {
      access,
      force,
      requestsPerSecond = DEFAULT_REQUESTS_PER_SECOND,
      maxBodyBytes = DEFAULT_MAX_BODY_BYTES,
    } = change;
    if (access === "public" && probed.authenticates !== true && !force) throw refusal(plugin, probed);
    const { registry, connections } = this.#parts;
    const limits =
      access === "public"
        ? { requestsPerSecond, maxBodyBytes }
        : { requestsPerSecond: null, maxBodyBytes: null };
    const changed = await registry.setAccess(plugin, { access, ...limits });
    const ended = access === "private" ? connections.endOf(pluginKey(plugin), null) : 0;
    return this.#report(changed, probed, ended);
  }

  async #probe(plugin: RegisteredPlugin): Promise<ProbeResult> {
    const reach = await this.#parts.plugins.reach(plugin);
    if (reach.state === "none") return { authenticates: null, warnings: ["it has no web interface"] };
    if (reach.state === "away") {
      return { authenticates: null, warnings: [`it is ${reach.nativeState} and cannot be asked`] };
    }
    const base = reach.rewriteBasePath ? "/" : `/users/${plugin.user}/plugins/${plugin.name}/`;
    return probe(this.#parts.agent, reach.origin, base);
  }

  #report(plugin: RegisteredPlugin, { authenticates, warnings }: ProbeResult, ended: number): AccessReport {
    const { name, access, requestsPerSecond, maxBodyBytes } = plugin;
    return {
      name,
      access,
      url: this.#parts.urlOf(plugin),
      authenticates,
      warnings: warnings.map((warning) => `${name}: ${warning}`),
      requestsPerSecond,
      maxBodyBytes,
      ended,
    };
  }
}

function refusal({ name }: RegisteredPlugin, { authenticates, warnings }: ProbeResult) {
  const why = warnings.join("; ");
  return verificationError(
    authenticates === false
      ? `${name} seems to have no login of its own: ${why}`
      : `whether ${name} has a login of its own could not be told: ${why}`,
    {
      hint: "--force opens it all the same",
      details: { plugin: name, authenticates, warnings },
    },
  );
}
