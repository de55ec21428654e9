import fastify from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { onTestFinished } from "vitest";
import type { Permission } from "../../../../src/core/permissions.ts";
import type { Frame } from "../../../../src/server/frame.ts";
import { addErrorHandling } from "../../../../src/server/http/error-handler.ts";
import type { IdentityTables } from "../../../../src/server/identity/tables.ts";
import { insertToken } from "../../../../src/server/identity/tokens.ts";
import type { RunningModule } from "../../../../src/server/module.ts";
import { createStoreModule } from "../../../../src/server/store/module.ts";
import { DEFAULT_SETTINGS, type StoreSettings } from "../../../../src/server/store/settings.ts";
import type { StoreTables } from "../../../../src/server/store/tables.ts";
import { makeTgz, pluginTree, type Tree } from "../../../helpers/archives.ts";
import { makeFrame } from "../../../helpers/server-context.ts";

const SCOPES: Permission[] = ["read", "publish", "release", "admin"];
const USERS = [
  { login: "root", role: "admin", providers: [null] },
  { login: "ann", role: "provider-owner", providers: ["acme"] },
  { login: "bob", role: "provider-developer", providers: ["globex"] },
  { login: "both", role: "provider-developer", providers: ["acme", "globex"] },
  { login: "viewer", role: "viewer", providers: [null] },
] as const;
export type Login = (typeof USERS)[number]["login"];

export interface RunningStore {
  /** `http://127.0.0.1:<port>` */
  url: string;
  frame: Frame;
  module: RunningModule;
  db: ReturnType<typeof storeTables>;
  tokens: Record<Login, string>;
  /** A request with the user's token. */
  call(login: Login | null, path: string, init?: RequestInit): Promise<Response>;
  publish(
    tree: Tree,
    options?: { login?: Login; query?: string; headers?: Record<string, string> },
  ): Promise<Response>;
  /** Publishes a small plugin and insists on success. */
  release(name: string, version: string, more?: Tree, manifest?: object, query?: string): Promise<void>;
}

/** The JSON of an answer. */
export const json = async (answer: Response) => (await answer.json()) as Record<string, unknown>;

const storeTables = (frame: Frame) => frame.context.database.$extendTables<StoreTables>();

/** A store that listens on a port of its own, with the providers acme and globex. */
export async function runStore(
  settings: Partial<StoreSettings> = {},
  frameSettings: { dataDir?: string; publicUrl?: string; now?: () => Date } = {},
): Promise<RunningStore> {
  const definition = createStoreModule({ ...DEFAULT_SETTINGS, ...settings });
  const frame = await makeFrame({ modules: [definition], ...frameSettings });
  const tokens = await makeUsers(frame);
  const module = await definition.start(frame.context);
  const app = fastify({ genReqId: () => crypto.randomUUID(), routerOptions: { maxParamLength: 700 } });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  addErrorHandling(app);
  await app.register((scope) => module.routes(scope));
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(async () => {
    app.server.closeAllConnections();
    await app.close();
    await module.stop?.();
  });

  const call: RunningStore["call"] = (login, path, init = {}) => {
    const headers = new Headers(init.headers);
    if (login !== null) headers.set("authorization", `Bearer ${tokens[login]}`);
    return fetch(new URL(path, url), { ...init, headers, redirect: "manual" });
  };
  const publish: RunningStore["publish"] = async (tree, { login = "ann", query = "", headers = {} } = {}) =>
    call(login, `/api/v1/publish${query}`, {
      method: "POST",
      body: Uint8Array.from(await makeTgz(tree)),
      headers: { "content-type": "application/gzip", ...headers },
    });
  return {
    url,
    frame,
    module,
    db: storeTables(frame),
    tokens,
    call,
    publish,
    async release(name, version, more, manifest, query = "") {
      const answer = await publish(pluginTree(name, version, more, manifest), { query });
      if (answer.status !== 201) throw new Error(`not published: ${await answer.text()}`);
    },
  };
}

async function makeUsers(frame: Frame): Promise<Record<Login, string>> {
  const db = frame.context.database.$extendTables<IdentityTables>();
  const at = new Date().toISOString();
  for (const id of ["acme", "globex"]) {
    await db
      .insertInto("provider")
      .values({ id, name: null, created_at: at })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  const tokens: Record<string, string> = {};
  for (const { login, role, providers } of USERS) {
    const id = crypto.randomUUID();
    await db.deleteFrom("user").where("login", "=", login).execute();
    await db
      .insertInto("user")
      .values({
        id,
        login,
        name: null,
        password: "-",
        state: "active",
        created_at: at,
        updated_at: at,
        last_login_at: null,
      })
      .execute();
    const memberships = providers.map((provider_id) => ({ user_id: id, role, provider_id }));
    await db.insertInto("membership").values(memberships).execute();
    const wanted = {
      userId: id,
      scopes: SCOPES,
      resources: ["*"],
      createdBy: id,
      expiresAt: new Date(Date.now() + 1e8),
    };
    tokens[login] = (await insertToken(db, wanted, new Date())).token;
  }
  return tokens as Record<Login, string>;
}
