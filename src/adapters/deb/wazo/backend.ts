import { isPlugctlError, PlugctlError } from "../../../core/errors.ts";
import type { HttpClient } from "../../http/call.ts";
import { statusSchema, type WireStatus } from "./schema.ts";

/** Which server answers at a target's address, and where its APIs are. */
export interface Backend {
  /** Path of wazo-plugind's API. */
  plugind: string;
  /** Path of wazo-auth's, on the same address. */
  auth: string;
  /** What it says of itself; undefined where it does not tell us. */
  status: WireStatus | undefined;
  /** Version of the plugctl server that this is; undefined for a wazo-plugind. */
  plugctl: string | undefined;
}

/** Directly, and behind the nginx of a Wazo host. */
const PLACES = [
  { plugind: "/0.2", auth: "/0.1" },
  { plugind: "/api/plugind/0.2", auth: "/api/auth/0.1" },
] as const;

/** @throws BACKEND when neither place has a wazo-plugind; UNAVAILABLE, TIMEOUT. */
export async function findBackend(http: HttpClient): Promise<Backend> {
  for (const place of PLACES) {
    try {
      const status = await http.json("GET", `${place.plugind}/status`, { schema: statusSchema });
      return { ...place, status, plugctl: status.plugctl?.version };
    } catch (error) {
      if (!isPlugctlError(error)) throw error;
      // Whoever refuses a token here knows the path.
      if (error.code === "UNAUTHENTICATED") return { ...place, status: undefined, plugctl: undefined };
      if (error.code !== "NOT_FOUND" && error.code !== "BACKEND") throw error;
    }
  }
  throw new PlugctlError("BACKEND", `target "${http.target}" leads to no wazo-plugind`, {
    hint: "its URL is that of a Wazo host (https://host), of wazo-plugind (http://host:9503) or of plugctl serve",
    details: { target: http.target },
  });
}
