import { isPlugctlError, PlugctlError } from "../../../core/errors.ts";
import type { HttpClient } from "../../http/call.ts";
import { path } from "../../http/path.ts";
import { explained } from "../errors.ts";
import { tokenSchema, type WireToken } from "./schema.ts";

/** Where wazo-auth's API is. */
export interface AuthPlace {
  http: HttpClient;
  /** `/0.1`, or behind nginx `/api/auth/0.1`. */
  prefix: string;
}

/** Tokens of wazo-auth, or of the part of it that plugctl's server answers (wazo-plugind spec, section 1.3). */
export class AuthClient {
  readonly #place: () => Promise<AuthPlace>;

  constructor(place: () => Promise<AuthPlace>) {
    this.#place = place;
  }

  /** @throws UNAUTHENTICATED. */
  async create(login: string, password: string, lifeSeconds: number): Promise<WireToken> {
    const { http, prefix } = await this.#place();
    const basic = Buffer.from(`${login}:${password}`).toString("base64");
    try {
      const { data } = await http.json("POST", `${prefix}/token`, {
        auth: false,
        headers: { authorization: `Basic ${basic}` },
        body: { expiration: lifeSeconds },
        schema: tokenSchema,
      });
      return data;
    } catch (error) {
      if (!isPlugctlError(error)) throw error;
      if (error.code === "UNAUTHENTICATED") {
        throw new PlugctlError("UNAUTHENTICATED", `target "${http.target}": user or password is wrong`, {
          cause: error,
          details: error.details,
        });
      }
      if (error.code === "NOT_FOUND") throw noAuth(http.target, error);
      throw explained(error, http.target);
    }
  }

  /** @throws UNAUTHENTICATED for a token that is unknown or has expired. */
  async get(token: string): Promise<WireToken> {
    const { http, prefix } = await this.#place();
    try {
      const { data } = await http.json("GET", prefix + path`/token/${token}`, {
        auth: false,
        schema: tokenSchema,
      });
      return data;
    } catch (error) {
      if (!isPlugctlError(error) || error.code !== "NOT_FOUND") throw explained(error, http.target);
      throw new PlugctlError(
        "UNAUTHENTICATED",
        `target "${http.target}": the token is not known, or has expired`,
        { cause: error, hint: `plugctl login -t ${http.target}` },
      );
    }
  }

  /** One that is gone already is as good. */
  async revoke(token: string): Promise<void> {
    const { http, prefix } = await this.#place();
    await http.json("DELETE", prefix + path`/token/${token}`, { auth: false }).catch((error) => {
      if (!isPlugctlError(error) || error.code !== "NOT_FOUND") throw explained(error, http.target);
    });
  }
}

const noAuth = (target: string, cause: Error) =>
  new PlugctlError("UNSUPPORTED", `target "${target}" has no sign-in at its address`, {
    cause,
    hint: "add the target with --auth URL (wazo-auth listens on port 9497), or store a token with --token-stdin",
  });
