import type { $ZodType, output } from "zod/v4/core";
import type { PluginId } from "../../../core/deb/package-name.ts";
import type { HttpClient, JsonOptions, Method } from "../../http/call.ts";
import { path } from "../../http/path.ts";
import { explained } from "../errors.ts";
import { type Backend, findBackend } from "./backend.ts";
import {
  marketPluginSchema,
  marketSchema,
  pluginSchema,
  pluginsSchema,
  taskSchema,
  type WireMarketPlugin,
  type WirePlugin,
} from "./schema.ts";

/** Body of `POST /plugins`. */
export type InstallBody =
  | { method: "git"; options: { url: string; ref?: string; subdirectory?: string } }
  | { method: "market"; options: { namespace: string; name: string; version?: string } };

/** A version that its author wrote without quotes is a number in wazo-plugind's answers. */
const VERSIONS = ["version", "installed_version"];

/** wazo-plugind's API (wazo-plugind spec, section 1), as a wazo-plugind and plugctl's own server answer it. */
export class PlugindClient {
  readonly #http: HttpClient;
  #backend: Promise<Backend> | undefined;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  get target(): string {
    return this.#http.target;
  }

  backend(): Promise<Backend> {
    this.#backend ??= findBackend(this.#http);
    return this.#backend;
  }

  /** What is installed, in the order of the packages' names. */
  async plugins(): Promise<WirePlugin[]> {
    return (await this.#json("GET", "/plugins", { schema: pluginsSchema })).items;
  }

  /** @throws NOT_FOUND. */
  plugin({ namespace, name }: PluginId): Promise<WirePlugin> {
    return this.#json("GET", path`/plugins/${namespace}/${name}`, { schema: pluginSchema });
  }

  /** Begins an installation. @returns the task's uuid. */
  async install(body: InstallBody, options: { reinstall: boolean }): Promise<string> {
    const query = { reinstall: options.reinstall ? "true" : undefined };
    return (await this.#json("POST", "/plugins", { query, body, schema: taskSchema })).uuid;
  }

  /** Begins a removal. @returns the task's uuid. @throws NOT_FOUND. */
  async uninstall({ namespace, name }: PluginId): Promise<string> {
    return (await this.#json("DELETE", path`/plugins/${namespace}/${name}`, { schema: taskSchema })).uuid;
  }

  /** Newest version first, as market documents have them. @throws UNAVAILABLE when the market is not reached. */
  async market(
    query: { search?: string | undefined; installed?: boolean } = {},
  ): Promise<WireMarketPlugin[]> {
    const { search, installed } = query;
    const asked = {
      search: search || undefined,
      installed: installed === undefined ? undefined : `${installed}`,
    };
    return (await this.#json("GET", "/market", { query: asked, schema: marketSchema })).items;
  }

  /** @throws NOT_FOUND. */
  marketPlugin({ namespace, name }: PluginId): Promise<WireMarketPlugin> {
    return this.#json("GET", path`/market/${namespace}/${name}`, { schema: marketPluginSchema });
  }

  async #json<S extends $ZodType>(
    method: Method,
    below: string,
    options: JsonOptions & { schema: S },
  ): Promise<output<S>> {
    const { plugind } = await this.backend();
    return this.#http
      .json(method, `${plugind}${below}`, { ...options, verbatim: VERSIONS })
      .catch((error) => {
        throw explained(error, this.target);
      });
  }
}
