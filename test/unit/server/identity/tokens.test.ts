import { describe, expect, it } from "vitest";
import { type Call, caller } from "../../../helpers/http-client.ts";
import { makeApp } from "../../../helpers/server-context.ts";

async function setUp() {
  let offset = 0;
  const server = await makeApp({ now: () => new Date(Date.now() + offset) });
  const root = caller(server.app, server.admin.headers.authorization);
  const as = (token: string) => caller(server.app, `Bearer ${token}`);
  async function mint(by: Call, wanted: object) {
    const { status, body } = await by("POST", "tokens", wanted);
    if (status !== 201) throw new Error(JSON.stringify(body));
    return body;
  }
  const wait = (days: number) => {
    offset += days * 86_400_000;
  };
  return { ...server, root, as, mint, wait };
}

const days = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 86_400_000;

describe("tokens", () => {
  it("are shown once, last ninety days unless told, and say when they were used", async () => {
    const { root, as, mint } = await setUp();
    const { token, ...item } = await mint(root, { note: "ci", scopes: ["read", "publish", "read"] });
    expect(token).toMatch(/^plc_/);
    expect(item).toMatchObject({
      user: "admin",
      note: "ci",
      scopes: ["read", "publish"],
      resources: ["*"],
      state: "active",
      lastUsedAt: null,
      lastUsedIp: null,
    });
    expect(days(item.createdAt, item.expiresAt)).toBe(90);
    await as(token)("GET", "whoami");
    const { body } = await root("GET", "tokens");
    const listed = body.items.find(({ id }: { id: string }) => id === item.id);
    expect(listed).toMatchObject({ lastUsedAt: expect.any(String), lastUsedIp: "127.0.0.1" });
    expect(JSON.stringify(body)).not.toContain(token);
  });

  it("note their use at most once a minute", async () => {
    const { root, as, mint, wait } = await setUp();
    const { id, token } = await mint(root, { scopes: ["read"] });
    const lastUse = async () =>
      (await root("GET", "tokens")).body.items.find((item: { id: string }) => item.id === id).lastUsedAt;
    await as(token)("GET", "whoami");
    const first = await lastUse();
    await as(token)("GET", "whoami");
    expect(await lastUse()).toBe(first);
    wait(61 / 86_400);
    await as(token)("GET", "whoami");
    expect(days(first, await lastUse())).toBeGreaterThan(60 / 86_400);
  });

  it("expire, and are revoked with the next request", async () => {
    const { root, as, mint, wait } = await setUp();
    const short = await mint(root, { scopes: ["read"], expiresInDays: 1 });
    const revoked = await mint(root, { scopes: ["read"] });
    expect((await as(revoked.token)("GET", "whoami")).status).toBe(200);
    expect((await root("DELETE", `tokens/${revoked.id}`)).status).toBe(204);
    expect(await as(revoked.token)("GET", "whoami")).toMatchObject({
      status: 401,
      body: { code: "token_invalid" },
    });
    wait(1.01);
    expect(await as(short.token)("GET", "whoami")).toMatchObject({
      status: 401,
      body: { code: "token_expired" },
    });
    const { body } = await root("GET", "tokens");
    const states = Object.fromEntries(body.items.map(({ id, state }: Record<string, string>) => [id, state]));
    expect(states).toMatchObject({ [short.id]: "expired", [revoked.id]: "revoked" });
    expect((await root("DELETE", "tokens/00000000")).status).toBe(404);
  });

  it("of one note are forgotten when they have expired, and no others", async () => {
    const { root, mint, wait, frame } = await setUp();
    const [expired, lasting, other] = [
      await mint(root, { note: "wazo-auth", scopes: ["read"], expiresInDays: 1 }),
      await mint(root, { note: "wazo-auth", scopes: ["read"], expiresInDays: 2 }),
      await mint(root, { note: "ci", scopes: ["read"], expiresInDays: 1 }),
    ];
    wait(1.01);
    await frame.context.logins.forgetExpiredTokens("wazo-auth");
    const ids = (await root("GET", "tokens")).body.items.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining([lasting.id, other.id]));
    expect(ids).not.toContain(expired.id);
  });

  it("say who they are and what they may do", async () => {
    const { root, as, mint } = await setUp();
    await root("POST", "providers", { id: "acme" });
    const { token, id } = await mint(root, { scopes: ["read", "publish"], resources: ["provider:acme"] });
    expect((await as(token)("GET", "whoami")).body).toMatchObject({
      login: "admin",
      tokenId: id,
      scopes: ["read", "publish"],
      resources: ["provider:acme"],
      permissions: ["read", "publish"],
      providers: ["acme"],
    });
  });

  it("are limited to their scopes and resources whatever their user may", async () => {
    const { root, as, mint, frame } = await setUp();
    await root("POST", "providers", { id: "acme" });
    const { token } = await mint(root, {
      scopes: ["read", "publish"],
      resources: ["provider:acme", "plugin:orders-*"],
    });
    const ci = as(token);
    expect((await ci("GET", "users")).status).toBe(403);
    expect((await ci("POST", "server/keys/rotate")).status).toBe(403);
    const userId = (await ci("GET", "whoami")).body.userId;
    const principal = { userId, login: "admin", tokenId: token.slice(4, 12) };
    const { identity } = frame;
    expect(await identity.allows(principal, "publish", { provider: "acme", plugin: "x" })).toBe(true);
    expect(await identity.allows(principal, "publish", { provider: "local", plugin: "orders-ui" })).toBe(
      true,
    );
    expect(await identity.allows(principal, "publish", { provider: "local", plugin: "x" })).toBe(false);
    expect(await identity.allows(principal, "release", { provider: "acme" })).toBe(false);
    await root("DELETE", `tokens/${principal.tokenId}`);
    expect(await identity.allows(principal, "publish", { provider: "acme" })).toBe(false);
  });

  it("mint nothing that may do more, reach further or live longer than themselves", async () => {
    const { root, as, mint } = await setUp();
    await root("POST", "providers", { id: "acme" });
    const parent = await mint(root, {
      scopes: ["read", "publish"],
      resources: ["provider:acme", "plugin:orders*"],
      expiresInDays: 10,
    });
    const ci = as(parent.token);
    const refused = [
      { scopes: ["admin"] },
      { scopes: ["publish"] },
      { scopes: ["publish"], resources: ["*"] },
      { scopes: ["publish"], resources: ["provider:local"] },
      { scopes: ["publish"], resources: ["plugin:*"] },
      { scopes: ["publish", "release"], resources: ["provider:acme"] },
    ];
    for (const wanted of refused) {
      expect(await ci("POST", "tokens", wanted)).toMatchObject({
        status: 403,
        body: { code: "exceeds_own_rights" },
      });
    }
    const child = await mint(ci, {
      scopes: ["publish"],
      resources: ["plugin:orders-ui"],
      expiresInDays: 365,
    });
    expect(child.expiresAt).toBe(parent.expiresAt);
  });

  it("cannot be given a permission that their user does not have", async () => {
    const { app, root } = await setUp();
    const roles = [{ role: "provider-developer", provider: "local" }];
    await root("POST", "users", { login: "dev", password: "password of dev", roles });
    const { body } = await caller(app)("POST", "auth/login", { login: "dev", password: "password of dev" });
    const dev = caller(app, `Bearer ${body.accessToken}`);
    expect((await dev("POST", "tokens", { scopes: ["publish"], resources: ["provider:local"] })).status).toBe(
      201,
    );
    expect(await dev("POST", "tokens", { scopes: ["release"] })).toMatchObject({
      status: 403,
      body: { code: "exceeds_own_rights" },
    });
    expect((await dev("GET", "tokens?user=admin")).status).toBe(403);
    expect((await dev("GET", "tokens?user=*")).status).toBe(403);
    expect((await dev("POST", "tokens", { user: "admin", scopes: ["read"] })).status).toBe(403);
    const adminToken = (await root("GET", "tokens")).body.items[0].id;
    expect((await dev("DELETE", `tokens/${adminToken}`)).status).toBe(403);
    expect((await dev("GET", "tokens")).body.items).toHaveLength(1);
  });

  it("shrink with their user's rights", async () => {
    const { root, as, mint } = await setUp();
    const roles = [{ role: "auditor" }];
    await root("POST", "users", { login: "eve", password: "password of eve", roles });
    const { token } = await mint(root, { user: "eve", scopes: ["read", "audit"] });
    expect((await as(token)("GET", "audit")).status).toBe(200);
    await root("DELETE", "users/eve/roles/auditor");
    expect((await as(token)("GET", "audit")).status).toBe(403);
  });

  it("of their members are managed by the owner of a provider", async () => {
    const { root, as, mint } = await setUp();
    await root("POST", "providers", { id: "acme" });
    const member = (role: string) => ({ password: "correct horse", roles: [{ role, provider: "acme" }] });
    await root("POST", "users", { login: "owner", ...member("provider-owner") });
    await root("POST", "users", { login: "dev", ...member("provider-developer") });
    const owner = as((await mint(root, { user: "owner", scopes: ["read", "publish", "users"] })).token);
    const made = await mint(owner, { user: "dev", scopes: ["publish"], resources: ["provider:acme"] });
    expect(made).toMatchObject({ user: "dev", createdBy: "owner" });
    expect((await owner("GET", "tokens?user=dev")).body.items).toHaveLength(1);
    const managed = (await owner("GET", "tokens?user=*")).body.items.map(
      (item: { user: string }) => item.user,
    );
    expect(new Set(managed)).toEqual(new Set(["owner", "dev"]));
    expect((await owner("DELETE", `tokens/${made.id}`)).status).toBe(204);
  });

  it.each([
    [{ scopes: [] }, "body/scopes"],
    [{ scopes: ["fly"] }, "body/scopes/0"],
    [{ scopes: ["read"], resources: ["feed main"] }, "body/resources/0"],
    [{ scopes: ["read"], expiresInDays: 366 }, "body/expiresInDays"],
    [{ scopes: ["read"], expiresInDays: 0 }, "body/expiresInDays"],
  ])("are validated: %j", async (wanted, path) => {
    const { root } = await setUp();
    const { status, body } = await root("POST", "tokens", wanted);
    expect(status).toBe(400);
    expect(body.errors[0].path).toBe(path);
  });
});
