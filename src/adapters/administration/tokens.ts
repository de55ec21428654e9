import type { Administration } from "../../core/administration.ts";
import type { HttpClient } from "../http/call.ts";
import { path } from "../http/path.ts";
import { issuedTokenSchema, itemsOf, tokenSchema } from "./schema.ts";

export function createTokens(client: HttpClient): Administration["tokens"] {
  return {
    async list(user) {
      return (await client.json("GET", "tokens", { query: { user }, schema: itemsOf(tokenSchema) })).items;
    },
    create: (request) => client.json("POST", "tokens", { body: request, schema: issuedTokenSchema }),
    revoke: (id) => client.json("DELETE", path`tokens/${id}`),
  };
}
