import { createRemoteJWKSet, jwtVerify } from "jose";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { basic, caller } from "../../../helpers/http-client.ts";
import { makeApp } from "../../../helpers/server-context.ts";

async function setUp() {
  let offset = 0;
  const server = await makeApp({ now: () => new Date(Date.now() + offset) });
  const anonymous = caller(server.app);
  const admin = caller(server.app, server.admin.headers.authorization);
  return {
    ...server,
    anonymous,
    root: admin,
    logIn: (login: string, password: string) => anonymous("POST", "auth/login", { login, password }),
    as: (token: string) => caller(server.app, `Bearer ${token}`),
    wait: (minutes: number) => {
      offset += minutes * 60_000;
    },
  };
}

describe("logging in", () => {
  it("gives an access token of fifteen minutes that works, and a refresh token", async () => {
    const { admin, logIn, as, wait } = await setUp();
    const { status, body } = await logIn("admin", admin.password);
    expect(status).toBe(200);
    expect(body).toMatchObject({ tokenType: "Bearer", expiresIn: 900 });
    const me = await as(body.accessToken)("GET", "whoami");
    expect(me.body).toMatchObject({
      login: "admin",
      tokenId: null,
      roles: [{ role: "admin", provider: null }],
    });
    wait(16);
    expect(await as(body.accessToken)("GET", "whoami")).toMatchObject({
      status: 401,
      body: { code: "token_expired" },
    });
  });

  it("issues tokens that others can verify with the published keys", async () => {
    const { app, admin, logIn } = await setUp();
    const { body } = await logIn("admin", admin.password);
    const address = await app.listen({ host: "127.0.0.1", port: 0 });
    const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", address));
    await expect(jwtVerify(body.accessToken, keys)).resolves.toMatchObject({ payload: { iss: "plugctl" } });
  });

  it("answers a wrong password, an unknown login and a disabled user alike, and audits them", async () => {
    const { root, logIn, admin } = await setUp();
    await root("POST", "users", { login: "bob", password: "bobs password" });
    await root("PATCH", "users/bob", { state: "disabled" });
    const answers = [
      await logIn("admin", "wrong"),
      await logIn("nobody", admin.password),
      await logIn("bob", "bobs password"),
    ];
    const told = answers.map(({ status, body }) => ({ status, code: body.code, detail: body.detail }));
    expect(new Set(told.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(told[0]).toMatchObject({ status: 401, code: "login_failed" });
    const { body } = await root("GET", "audit?action=login&outcome=denied");
    expect(body.items.map((row: { resource: string }) => row.resource)).toEqual([
      "user:bob",
      "user:nobody",
      "user:admin",
    ]);
  });

  it("is throttled after five failures, says how long, and lets in again after that", async () => {
    const { admin, logIn, wait } = await setUp();
    for (let i = 0; i < 5; i++) expect((await logIn("admin", `wrong ${i}`)).status).toBe(401);
    const refused = await logIn("admin", admin.password);
    expect(refused).toMatchObject({ status: 429, body: { code: "rate_limited" } });
    const seconds = Number(refused.headers["retry-after"]);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(30);
    wait(1);
    expect((await logIn("admin", admin.password)).status).toBe(200);
  });

  it("refreshes once per token; a token used twice ends the session for thief and owner", async () => {
    const { admin, anonymous, logIn, as } = await setUp();
    const refresh = (refreshToken: string) => anonymous("POST", "auth/refresh", { refreshToken });
    const first = (await logIn("admin", admin.password)).body;
    const second = await refresh(first.refreshToken);
    expect(second.status).toBe(200);
    const third = await refresh(second.body.refreshToken);
    expect((await as(third.body.accessToken)("GET", "whoami")).status).toBe(200);
    expect(await refresh(first.refreshToken)).toMatchObject({ status: 401, body: { code: "token_invalid" } });
    expect((await refresh(third.body.refreshToken)).status).toBe(401);
    expect((await as(third.body.accessToken)("GET", "whoami")).status).toBe(401);
  });

  it("refreshes for thirty days and no longer", async () => {
    const { admin, anonymous, logIn, wait } = await setUp();
    const [early, late] = [await logIn("admin", admin.password), await logIn("admin", admin.password)];
    const day = 24 * 60;
    wait(29.9 * day);
    expect((await anonymous("POST", "auth/refresh", { refreshToken: early.body.refreshToken })).status).toBe(
      200,
    );
    wait(0.2 * day);
    expect((await anonymous("POST", "auth/refresh", { refreshToken: late.body.refreshToken })).status).toBe(
      401,
    );
  });

  it("ends with a logout, at once", async () => {
    const { admin, anonymous, logIn, as } = await setUp();
    const { accessToken, refreshToken } = (await logIn("admin", admin.password)).body;
    expect((await anonymous("POST", "auth/logout", { refreshToken })).status).toBe(204);
    expect((await as(accessToken)("GET", "whoami")).status).toBe(401);
    expect((await anonymous("POST", "auth/refresh", { refreshToken })).status).toBe(401);
    expect((await anonymous("POST", "auth/logout", { refreshToken })).status).toBe(204);
  });

  it("keeps no secret in the database in the clear", async () => {
    const { admin, logIn, frame } = await setUp();
    const { refreshToken } = (await logIn("admin", admin.password)).body;
    const { database } = frame.context;
    const tables = await database.introspection.getTables();
    const dump = [];
    for (const { name } of tables) {
      const { rows } = await sql`SELECT * FROM ${sql.table(name)}`.execute(database);
      dump.push(JSON.stringify(rows));
    }
    for (const secret of [admin.password, admin.token, refreshToken, refreshToken.split("_").at(-1)]) {
      expect(dump.join()).not.toContain(secret);
    }
  });
});

describe("credentials", () => {
  it("are taken as bearer token, API key, and Basic with password or token", async () => {
    const { app, admin } = await setUp();
    const headers = [
      { authorization: `Bearer ${admin.token}` },
      { authorization: `bearer ${admin.token}` },
      { "x-api-key": admin.token },
      { authorization: basic("admin", admin.password) },
      { authorization: basic("admin", admin.token) },
      { authorization: `Basic ${admin.token}` },
    ];
    for (const sent of headers) {
      const answer = await app.inject({ url: "/api/v1/whoami", headers: sent });
      expect(answer.json()).toMatchObject({ login: "admin" });
    }
  });

  it.each([
    ["an unknown scheme", "Digest x"],
    ["a bare word", "x"],
    ["a token that nobody issued", "Bearer plc_00000000_00000000000000000000000000000000000000"],
    ["an access token that nobody signed", "Bearer eyJhbGciOiJub25lIn0.e30."],
    ["a Basic credential without a colon", "Basic eA=="],
    ["a wrong password", basic("admin", "wrong")],
    ["an empty one", "Bearer "],
  ])("of a bad kind are refused: %s", async (_what, authorization) => {
    const { app } = await setUp();
    const { status, body, headers } = await caller(app, authorization)("GET", "whoami");
    expect(status).toBe(401);
    expect(["token_invalid", "login_failed"]).toContain(body.code);
    expect(headers["www-authenticate"]).toBe("Bearer");
  });

  it("are ignored in the query", async () => {
    const { app, admin } = await setUp();
    const answer = await app.inject({
      url: `/api/v1/whoami?token=${admin.token}&access_token=${admin.token}`,
    });
    expect(answer.json()).toMatchObject({ status: 401, code: "auth_required" });
  });

  it("that are bad fill the audit log once a minute, not once a request", async () => {
    const { app, root } = await setUp();
    const bad = caller(app, "Bearer x");
    for (let i = 0; i < 10; i++) await bad("GET", "whoami");
    const { body } = await root("GET", "audit?action=authenticate");
    expect(body.items).toHaveLength(1);
    expect(body.items[0]).toMatchObject({
      actor: "anonymous",
      outcome: "denied",
      detail: { code: "token_invalid" },
    });
  });
});
