import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ServerModule } from "../../../../src/server/module.ts";
import { blobPath } from "../../../../src/server/storage/backup.ts";
import { caller } from "../../../helpers/http-client.ts";
import { makeApp } from "../../../helpers/server-context.ts";

function holder(references: string[]): ServerModule {
  return {
    name: "holder",
    migrations: {},
    async *referencedBlobs() {
      yield* references;
    },
    start: async () => ({
      routes: async () => {},
      counts: async () => ({ things: references.length }),
    }),
  };
}

async function setUp(modules: ServerModule[]) {
  const server = await makeApp({ modules });
  const { blobs, dataDir } = server.frame.context;
  async function store(text: string, ageHours: number): Promise<string> {
    const { sha256 } = await blobs.put(
      (async function* () {
        yield Buffer.from(text);
      })(),
    );
    const at = new Date(Date.now() - ageHours * 3600_000);
    await utimes(join(dataDir, blobPath(sha256)), at, at);
    return sha256;
  }
  const root = caller(server.app, server.admin.headers.authorization);
  async function finished(id: string) {
    await expect.poll(async () => (await root("GET", `operations/${id}`)).body.state).not.toBe("running");
    return (await root("GET", `operations/${id}`)).body;
  }
  return { ...server, blobs, root, store, finished };
}

describe("server/status", () => {
  it("tells what runs and how much there is", async () => {
    const { root, store } = await setUp([holder([])]);
    await store("12345", 0);
    const { status, body } = await root("GET", "server/status");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      version: "0.0.0-test",
      uptimeSeconds: expect.any(Number),
      modules: { holder: "ready" },
      counts: { users: 1, providers: 1, tokens: 1, blobs: 1, things: 0 },
    });
    expect(body.sizeBytes).toBeGreaterThan(5);
  });
});

describe("server/gc", () => {
  it("removes what is old and not referred to, and reports it as an operation", async () => {
    const references: string[] = [];
    const { root, blobs, store, finished } = await setUp([holder(references)]);
    const [needed, garbage, young] = [
      await store("needed", 48),
      await store("garbage", 48),
      await store("young", 1),
    ];
    references.push(needed);
    const answer = await root("POST", "server/gc");
    expect(answer).toMatchObject({
      status: 202,
      body: { kind: "server.gc", state: "running", actor: "admin" },
    });
    expect(answer.headers.location).toBe(`/api/v1/operations/${answer.body.id}`);
    expect(await finished(answer.body.id)).toMatchObject({
      state: "succeeded",
      result: { removed: 1, freed: 7 },
    });
    expect(await blobs.size(garbage)).toBeUndefined();
    expect(await blobs.size(needed)).toBe(6);
    expect(await blobs.size(young)).toBe(5);
    expect((await root("GET", "audit?action=server.gc")).body.items).toHaveLength(1);
    expect((await root("GET", "operations")).body.items[0].id).toBe(answer.body.id);
  });

  it("leaves what a module needs that does not run", async () => {
    const references: string[] = [];
    const broken: ServerModule = { ...holder(references), start: () => Promise.reject(new Error("no")) };
    const { root, blobs, store, finished } = await setUp([broken]);
    const [needed, garbage] = [await store("needed", 48), await store("garbage", 48)];
    references.push(needed);
    const { body } = await root("POST", "server/gc");
    expect(await finished(body.id)).toMatchObject({ state: "succeeded", result: { removed: 1 } });
    expect(await blobs.size(garbage)).toBeUndefined();
    expect(await blobs.size(needed)).toBe(6);
  });
});

describe("server/keys/rotate", () => {
  it("signs with a new key; whoever is logged in stays so", async () => {
    const { app, admin, root } = await setUp([]);
    const anonymous = caller(app);
    const { body } = await anonymous("POST", "auth/login", { login: "admin", password: admin.password });
    const { kid } = (await root("POST", "server/keys/rotate")).body;
    const { keys } = (await anonymous("GET", "/.well-known/jwks.json")).body;
    expect(keys).toHaveLength(2);
    expect(keys[0].kid).toBe(kid);
    expect((await caller(app, `Bearer ${body.accessToken}`)("GET", "whoami")).status).toBe(200);
  });
});

describe("administration", () => {
  it.each([
    ["GET", "server/status"],
    ["GET", "server/backup"],
    ["POST", "server/gc"],
    ["POST", "server/keys/rotate"],
  ] as const)("is for administrators: %s %s", async (method, url) => {
    const { app, root } = await setUp([]);
    const { token } = (await root("POST", "tokens", { scopes: ["read", "audit", "users"] })).body;
    expect((await caller(app)(method, url)).status).toBe(401);
    expect(await caller(app, `Bearer ${token}`)(method, url)).toMatchObject({
      status: 403,
      body: { code: "scope_missing" },
    });
  });
});
