import { describe, expect, it } from "vitest";
import { type Call, caller } from "../../../helpers/http-client.ts";
import { makeApp } from "../../../helpers/server-context.ts";

async function setUp() {
  const server = await makeApp();
  const root = caller(server.app, server.admin.headers.authorization);
  const as = (token: string) => caller(server.app, `Bearer ${token}`);
  /** A user with these roles, acting with a token that limits nothing. */
  async function user(login: string, roles: { role: string; provider?: string }[]): Promise<Call> {
    const created = await root("POST", "users", { login, password: `password of ${login}`, roles });
    if (created.status !== 201) throw new Error(JSON.stringify(created.body));
    const permissions = (await root("GET", "roles")).body.items.flatMap(
      (role: { id: string; permissions: string[] }) =>
        roles.some(({ role: id }) => id === role.id) ? role.permissions : [],
    );
    const token = await root("POST", "tokens", { user: login, scopes: permissions });
    if (token.status !== 201) throw new Error(JSON.stringify(token.body));
    return as(token.body.token);
  }
  return { ...server, root, as, user };
}

const lastAudit = async (root: Call) => (await root("GET", "audit?limit=1")).body.items[0];

describe("users", () => {
  it("are created, shown, listed, changed and removed, each change audited", async () => {
    const { root } = await setUp();
    const created = await root("POST", "users", {
      login: "bob",
      name: "Bob",
      password: "correct horse",
      roles: [{ role: "viewer" }, { role: "provider-developer", provider: "local" }],
    });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      login: "bob",
      name: "Bob",
      state: "active",
      roles: [
        { role: "viewer", provider: null },
        { role: "provider-developer", provider: "local" },
      ],
      lastLoginAt: null,
    });
    expect(JSON.stringify(created.body)).not.toContain("scrypt");
    expect(await lastAudit(root)).toMatchObject({
      actor: "admin",
      action: "user.create",
      resource: "user:bob",
    });
    expect((await root("GET", "users")).body.items.map((user: { login: string }) => user.login)).toEqual([
      "admin",
      "bob",
    ]);
    expect((await root("PATCH", "users/bob", { name: null })).body).toMatchObject({ name: null });
    expect((await root("DELETE", "users/bob")).status).toBe(204);
    expect(await lastAudit(root)).toMatchObject({ action: "user.delete", resource: "user:bob" });
    expect(await root("GET", "users/bob")).toMatchObject({ status: 404, body: { code: "user_not_found" } });
    expect((await root("GET", "audit/verify")).body.ok).toBe(true);
  });

  it("cannot share a login, and a refused creation leaves nothing", async () => {
    const { root } = await setUp();
    const bob = { login: "bob", password: "correct horse" };
    await root("POST", "users", bob);
    expect(await root("POST", "users", bob)).toMatchObject({ status: 409, body: { code: "user_exists" } });
    const carol = { ...bob, login: "carol", roles: [{ role: "viewer", provider: "nowhere" }] };
    expect(await root("POST", "users", carol)).toMatchObject({
      status: 404,
      body: { code: "provider_not_found" },
    });
    expect((await root("GET", "users/carol")).status).toBe(404);
    expect((await root("POST", "users", { ...carol, roles: [{ role: "emperor" }] })).status).toBe(404);
  });

  it.each([
    [{ login: "Bob", password: "correct horse" }, "body/login"],
    [{ login: "a:b", password: "correct horse" }, "body/login"],
    [{ login: "bob", password: "short" }, "body/password"],
    [{ login: "bob" }, "body/password"],
    [{ login: "bob", password: "correct horse", roles: "admin" }, "body/roles"],
  ])("are validated, with the path of the fault: %j", async (body, path) => {
    const { root } = await setUp();
    const answer = await root("POST", "users", body);
    expect(answer).toMatchObject({ status: 400, body: { code: "bad_request" } });
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
  });

  it("that are disabled or removed are out with the next request, by token and by session", async () => {
    const { app, root, user } = await setUp();
    const bob = await user("bob", [{ role: "viewer" }]);
    const login = await caller(app)("POST", "auth/login", { login: "bob", password: "password of bob" });
    const session = caller(app, `Bearer ${login.body.accessToken}`);
    expect((await bob("GET", "providers")).status).toBe(200);
    expect((await session("GET", "providers")).status).toBe(200);
    await root("PATCH", "users/bob", { state: "disabled" });
    expect((await bob("GET", "providers")).status).toBe(401);
    expect((await session("GET", "providers")).status).toBe(401);
    await root("PATCH", "users/bob", { state: "active" });
    expect((await bob("GET", "providers")).status).toBe(200);
    expect((await session("GET", "providers")).status).toBe(401);
    await root("DELETE", "users/bob");
    expect((await bob("GET", "providers")).status).toBe(401);
  });

  it("change their own password with a session, which ends all sessions, but not with a token", async () => {
    const { app, user } = await setUp();
    const bob = await user("bob", [{ role: "viewer" }]);
    const anonymous = caller(app);
    const logIn = (password: string) => anonymous("POST", "auth/login", { login: "bob", password });
    const { body } = await logIn("password of bob");
    expect(await bob("PATCH", "users/bob", { password: "stolen by token" })).toMatchObject({ status: 403 });
    const session = caller(app, `Bearer ${body.accessToken}`);
    expect((await session("PATCH", "users/bob", { state: "active" })).status).toBe(403);
    expect((await session("PATCH", "users/admin", { password: "mine now, thanks" })).status).toBe(403);
    expect((await session("PATCH", "users/bob", { password: "a better one" })).status).toBe(200);
    expect((await session("GET", "whoami")).status).toBe(401);
    expect((await anonymous("POST", "auth/refresh", { refreshToken: body.refreshToken })).status).toBe(401);
    expect((await logIn("password of bob")).status).toBe(401);
    expect((await logIn("a better one")).status).toBe(200);
  });

  it("read themselves; others only who manages users", async () => {
    const { user } = await setUp();
    const bob = await user("bob", [{ role: "viewer" }]);
    const owner = await user("owner", [{ role: "provider-owner", provider: "local" }]);
    expect((await bob("GET", "users/bob")).status).toBe(200);
    expect((await bob("GET", "users/admin")).status).toBe(403);
    expect((await bob("GET", "users")).status).toBe(403);
    expect((await owner("GET", "users")).status).toBe(200);
  });
});

describe("the last active administrator", () => {
  it("cannot be removed, disabled or demoted until there is another one", async () => {
    const { root } = await setUp();
    const attempts = [
      () => root("DELETE", "users/admin"),
      () => root("PATCH", "users/admin", { state: "disabled" }),
      () => root("DELETE", "users/admin/roles/admin"),
    ];
    for (const attempt of attempts) {
      expect(await attempt()).toMatchObject({ status: 409, body: { code: "last_admin" } });
    }
    await root("POST", "users", { login: "second", password: "correct horse", roles: [{ role: "admin" }] });
    await root("PATCH", "users/second", { state: "disabled" });
    expect((await root("DELETE", "users/admin/roles/admin")).status).toBe(409);
    await root("PATCH", "users/second", { state: "active" });
    expect((await root("DELETE", "users/admin/roles/admin")).status).toBe(204);
    expect((await root("GET", "users")).status).toBe(403);
  });
});

describe("roles", () => {
  it("are given and taken by owners within their provider, up to what they have themselves", async () => {
    const { root, user } = await setUp();
    await root("POST", "providers", { id: "acme" });
    const owner = await user("owner", [{ role: "provider-owner", provider: "acme" }]);
    await user("bob", [{ role: "viewer" }]);
    const give = (role: string, provider?: string) =>
      owner("PUT", `users/bob/roles/${role}${provider === undefined ? "" : `?provider=${provider}`}`);
    expect((await give("provider-developer", "acme")).status).toBe(204);
    expect((await give("provider-owner", "acme")).status).toBe(204);
    expect((await give("provider-owner", "acme")).status).toBe(204);
    expect(await give("provider-developer", "local")).toMatchObject({
      status: 403,
      body: { code: "not_owner" },
    });
    expect((await give("provider-developer")).status).toBe(403);
    expect(await give("release-manager", "acme")).toMatchObject({
      status: 403,
      body: { code: "exceeds_own_rights" },
    });
    expect(await give("admin", "acme")).toMatchObject({ status: 403, body: { code: "exceeds_own_rights" } });
    expect(await lastAudit(root)).toMatchObject({ actor: "owner", outcome: "denied", provider: "acme" });
    expect((await owner("DELETE", "users/bob/roles/provider-owner?provider=acme")).status).toBe(204);
    expect((await root("GET", "users/bob")).body.roles).toEqual([
      { role: "viewer", provider: null },
      { role: "provider-developer", provider: "acme" },
    ]);
  });

  it("of one's own making act at once, also when they change or go", async () => {
    const { root, user } = await setUp();
    const created = await root("POST", "roles", {
      id: "watcher",
      description: "audits",
      permissions: ["read", "audit"],
    });
    expect(created).toMatchObject({ status: 201, body: { id: "watcher", builtIn: false } });
    expect((await root("POST", "roles", { id: "watcher", permissions: ["read"] })).status).toBe(409);
    const watcher = await user("watcher", [{ role: "watcher" }]);
    expect((await watcher("GET", "audit")).status).toBe(200);
    await root("PATCH", "roles/watcher", { permissions: ["read"] });
    expect((await watcher("GET", "audit")).status).toBe(403);
    expect((await watcher("GET", "roles/watcher")).body).toMatchObject({ permissions: ["read"] });
    expect((await root("DELETE", "roles/watcher")).status).toBe(204);
    expect((await watcher("GET", "roles")).status).toBe(403);
    expect((await root("GET", "users/watcher")).body.roles).toEqual([]);
  });

  it("that are built in can be read and not changed", async () => {
    const { root } = await setUp();
    const { body } = await root("GET", "roles");
    expect(body.items.map((role: { id: string }) => role.id)).toEqual([
      "viewer",
      "provider-developer",
      "provider-owner",
      "release-manager",
      "auditor",
      "admin",
    ]);
    expect(await root("PATCH", "roles/viewer", { description: "x" })).toMatchObject({
      status: 409,
      body: { code: "role_built_in" },
    });
    expect(await root("DELETE", "roles/admin")).toMatchObject({
      status: 409,
      body: { code: "role_built_in" },
    });
    expect(await root("POST", "roles", { id: "admin", permissions: ["read"] })).toMatchObject({
      status: 409,
    });
  });

  it("cannot be a way up: whoever manages users without being admin stays below", async () => {
    const { root, user } = await setUp();
    await root("POST", "roles", { id: "hr", permissions: ["read", "users"] });
    const hr = await user("hr", [{ role: "hr" }]);
    const attempts = [
      hr("PATCH", "users/admin", { password: "mine now, thanks" }),
      hr("DELETE", "users/admin"),
      hr("PUT", "users/hr/roles/admin"),
      hr("POST", "users", { login: "puppet", password: "correct horse", roles: [{ role: "admin" }] }),
      hr("POST", "roles", { id: "more", permissions: ["admin"] }),
      hr("PATCH", "roles/hr", { permissions: ["read", "users", "admin"] }),
      hr("POST", "tokens", { user: "admin", scopes: ["admin"] }),
    ];
    for (const { status, body } of await Promise.all(attempts)) {
      expect({ status, code: body.code }).toEqual({ status: 403, code: "exceeds_own_rights" });
    }
    expect(
      (await hr("POST", "users", { login: "peer", password: "correct horse", roles: [{ role: "hr" }] }))
        .status,
    ).toBe(201);
  });
});

describe("providers", () => {
  it("are created, renamed by their owners, and removed by who manages users", async () => {
    const { root, user } = await setUp();
    expect(await root("POST", "providers", { id: "acme", name: "Acme" })).toMatchObject({ status: 201 });
    expect((await root("POST", "providers", { id: "acme" })).status).toBe(409);
    expect((await root("POST", "providers", { id: "Not A Slug" })).status).toBe(400);
    const owner = await user("owner", [{ role: "provider-owner", provider: "acme" }]);
    expect((await owner("PATCH", "providers/acme", { name: "Acme Inc." })).body).toMatchObject({
      name: "Acme Inc.",
    });
    expect(await owner("PATCH", "providers/local", { name: "x" })).toMatchObject({
      status: 403,
      body: { code: "not_owner" },
    });
    expect((await owner("DELETE", "providers/acme")).status).toBe(403);
    expect(
      (await owner("GET", "providers")).body.items.map((provider: { id: string }) => provider.id),
    ).toEqual(["acme", "local"]);
    expect((await root("DELETE", "providers/acme")).status).toBe(204);
    expect((await root("GET", "users/owner")).body.roles).toEqual([]);
    expect((await root("DELETE", "providers/acme")).status).toBe(404);
  });

  it("show their owners what concerns them in the audit log, and nothing else", async () => {
    const { root, user } = await setUp();
    await root("POST", "providers", { id: "acme" });
    const owner = await user("owner", [{ role: "provider-owner", provider: "acme" }]);
    const viewer = await user("viewer", [{ role: "viewer" }]);
    await owner("PATCH", "providers/local", { name: "x" });
    const { body } = await owner("GET", "audit");
    expect(body.items.map((row: { action: string }) => row.action)).toEqual(["provider.create"]);
    expect((await owner("GET", "audit/verify")).status).toBe(403);
    expect((await viewer("GET", "audit")).status).toBe(403);
  });
});
