import type { HttpClient } from "../http/call.ts";
import { path } from "../http/path.ts";
import {
  discoveredSchema,
  issuedTokenSchema,
  itemsOf,
  pluginDetailSchema,
  pluginSchema,
  publishedSchema,
  readySchema,
  releaseDetailSchema,
  releaseSchema,
  signedInSchema,
  statusSchema,
  whoamiSchema,
} from "./schema.ts";

export interface Upload {
  body: AsyncIterable<Uint8Array>;
  sizeBytes: number;
  contentType: string;
  /** sha256 (hex) of the body. */
  sha256: string;
  channel: string | undefined;
  provider: string | undefined;
  dryRun: boolean;
  onSent: (bytes: number) => void;
}

export type StoreClient = ReturnType<typeof createStoreClient>;

/** The calls of the store API that this adapter makes, one function each. */
export function createStoreClient(http: HttpClient) {
  return {
    target: http.target,
    hasCredential: () => http.hasCredential(),

    plugins: async (query: { q?: string } = {}) =>
      (await http.json("GET", "plugins", { query, schema: itemsOf(pluginSchema) })).items,

    plugin: (id: string) => http.json("GET", path`plugins/${id}`, { schema: pluginDetailSchema }),

    releases: async (id: string) =>
      (await http.json("GET", path`plugins/${id}/versions`, { schema: itemsOf(releaseSchema) })).items,

    release: (id: string, version: string) =>
      http.json("GET", path`plugins/${id}/versions/${version}`, { schema: releaseDetailSchema }),

    withdraw: (
      id: string,
      version: string,
      verb: "yank" | "purge",
      options: { reason: string | undefined; dryRun: boolean },
    ) =>
      http.json("POST", path`plugins/${id}/versions/${version}/${verb}`, {
        query: { dryRun: options.dryRun },
        body: options.reason === undefined ? {} : { reason: options.reason },
        schema: releaseSchema,
      }),

    publish: ({ sha256, channel, provider, dryRun, ...upload }: Upload) =>
      http.upload("publish", {
        ...upload,
        query: { channel, provider, dryRun },
        // RFC 9530.
        headers: { "content-digest": `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:` },
        schema: publishedSchema,
      }),

    // Without a credential, as applications ask.
    discover: (feed: string) =>
      http.json("GET", path`/discovery/${feed}/harmonix.json`, {
        query: { shape: "list" },
        auth: false,
        schema: discoveredSchema,
      }),

    whoami: (token?: string) => http.json("GET", "whoami", { auth: token, schema: whoamiSchema }),

    signIn: (login: string, password: string) =>
      http.json("POST", "auth/login", { auth: false, body: { login, password }, schema: signedInSchema }),

    signOut: (refreshToken: string) =>
      http.json("POST", "auth/logout", { auth: false, body: { refreshToken } }),

    createToken: (accessToken: string, request: { note: string; scopes: string[]; expiresInDays: number }) =>
      http.json("POST", "tokens", { auth: accessToken, body: request, schema: issuedTokenSchema }),

    revokeToken: (token: string, id: string) => http.json("DELETE", path`tokens/${id}`, { auth: token }),

    ready: () => http.json("GET", "/readyz", { auth: false, schema: readySchema }),

    status: () => http.json("GET", "server/status", { schema: statusSchema }),
  };
}
