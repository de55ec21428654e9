import type { Administration } from "../../core/administration.ts";
import type { HttpClient } from "../http/call.ts";
import { path } from "../http/path.ts";
import { itemsOf, providerSchema, roleSchema, sessionSchema, userSchema } from "./schema.ts";

export function createUsers(client: HttpClient): Administration["users"] {
  const get = (login: string) => client.json("GET", path`users/${login}`, { schema: userSchema });
  return {
    get,
    async list() {
      return (await client.json("GET", "users", { schema: itemsOf(userSchema) })).items;
    },
    create: (user) => client.json("POST", "users", { body: user, schema: userSchema }),
    update: (login, change) =>
      client.json("PATCH", path`users/${login}`, { body: change, schema: userSchema }),
    remove: (login) => client.json("DELETE", path`users/${login}`),

    async changeOwnPassword(login, { present, wanted }) {
      const session = await client.json("POST", "auth/login", {
        auth: false,
        body: { login, password: present },
        schema: sessionSchema,
      });
      // The change ends every session of the user's, this one included.
      await client.json("PATCH", path`users/${login}`, {
        auth: session.accessToken,
        body: { password: wanted },
        schema: userSchema,
      });
    },

    async grant(login, { role, provider }) {
      await client.json("PUT", path`users/${login}/roles/${role}`, {
        query: { provider: provider ?? undefined },
      });
      return get(login);
    },
    async revoke(login, { role, provider }) {
      await client.json("DELETE", path`users/${login}/roles/${role}`, {
        query: { provider: provider ?? undefined },
      });
      return get(login);
    },
  };
}

export function createRoles(client: HttpClient): Administration["roles"] {
  return {
    async list() {
      return (await client.json("GET", "roles", { schema: itemsOf(roleSchema) })).items;
    },
    get: (id) => client.json("GET", path`roles/${id}`, { schema: roleSchema }),
    create: (role) => client.json("POST", "roles", { body: role, schema: roleSchema }),
    update: (id, change) => client.json("PATCH", path`roles/${id}`, { body: change, schema: roleSchema }),
    remove: (id) => client.json("DELETE", path`roles/${id}`),
  };
}

export function createProviders(client: HttpClient): Administration["providers"] {
  return {
    async list() {
      return (await client.json("GET", "providers", { schema: itemsOf(providerSchema) })).items;
    },
    get: (id) => client.json("GET", path`providers/${id}`, { schema: providerSchema }),
    create: (provider) => client.json("POST", "providers", { body: provider, schema: providerSchema }),
    update: (id, change) =>
      client.json("PATCH", path`providers/${id}`, { body: change, schema: providerSchema }),
    remove: (id) => client.json("DELETE", path`providers/${id}`),
  };
}
