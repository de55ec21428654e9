import * as z from "zod/mini";
import { isPlugctlError, PlugctlError } from "../../../core/errors.ts";
import type { HttpClient } from "../../http/call.ts";
import { path } from "../../http/path.ts";
import { changeSchema, operationIdSchema, pluginSchema, type WirePlugin, whoamiSchema } from "./schema.ts";

/** A change of a plugin, as the body of `POST /v1/users/{user}/plugins/{plugin}`. */
export interface StateChange {
  action:
    | "install"
    | "upgrade"
    | "settings"
    | "rollback"
    | "remove"
    | "start"
    | "stop"
    | "kill"
    | "restart"
    | "pause"
    | "resume";
  [option: string]: unknown;
}

/** Thinger.io's plugin API (thinger-container spec, section 2.3) for one user. */
export class ThingerClient {
  readonly http: HttpClient;
  readonly #given: string | undefined;
  #user: Promise<string> | undefined;

  /** @param user whose plugins; default: whoever the credential belongs to, which only plugctl's server can tell. */
  constructor(http: HttpClient, user: string | undefined) {
    this.http = http;
    this.#given = user;
  }

  user(): Promise<string> {
    this.#user ??=
      this.#given !== undefined
        ? Promise.resolve(this.#given)
        : this.http.json("GET", "whoami", { schema: whoamiSchema }).then(({ login }) => login);
    return this.#user;
  }

  async list(): Promise<WirePlugin[]> {
    return this.http.json("GET", path`/v1/users/${await this.user()}/plugins`, {
      schema: z.array(pluginSchema),
    });
  }

  async info(plugin: string): Promise<WirePlugin> {
    return this.http.json("GET", await this.pluginPath(plugin), { schema: pluginSchema });
  }

  /** A change that is done when it is answered. */
  async change(plugin: string, body: StateChange): Promise<z.output<typeof changeSchema>> {
    return this.http.json("POST", await this.pluginPath(plugin), { schema: changeSchema, body });
  }

  /** A change that goes on after the answer. @returns the id of its operation. */
  async begin(plugin: string, body: StateChange): Promise<string> {
    const { id } = await this.http.json("POST", await this.pluginPath(plugin), {
      schema: operationIdSchema,
      body,
    });
    return id;
  }

  /**
   * For what the platform's API has no word for, and plugctl's server adds to it.
   * @throws UNSUPPORTED when the server is another one.
   */
  async requirePlugctl(what: string, hint?: string): Promise<void> {
    try {
      await this.http.json("GET", "whoami", { schema: whoamiSchema });
    } catch (error) {
      if (isPlugctlError(error) && !["NOT_FOUND", "INVALID", "BACKEND", "FORBIDDEN"].includes(error.code))
        throw error;
      throw new PlugctlError(
        "UNSUPPORTED",
        `target "${this.http.target}" is a server of Thinger.io that ${what}`,
        {
          hint,
          cause: error,
        },
      );
    }
  }

  async pluginPath(plugin: string): Promise<string> {
    return path`/v1/users/${await this.user()}/plugins/${plugin}`;
  }
}
