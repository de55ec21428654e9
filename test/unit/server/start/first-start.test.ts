import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { prepareIdentity } from "../../../../src/server/start/first-start.ts";
import { caller } from "../../../helpers/http-client.ts";
import { makeApp, makeFrame } from "../../../helpers/server-context.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

async function passwordFile(text: string): Promise<string> {
  const file = join(await makeTempDir(), "password");
  await writeFile(file, text);
  return file;
}

describe("the first start", () => {
  it("makes an administrator with a password that nobody else has, once", async () => {
    const frame = await makeFrame();
    const first = await prepareIdentity(frame);
    expect(first).toMatchObject({
      login: "admin",
      password: expect.stringMatching(/^\w{24}$/),
      token: expect.any(String),
    });
    expect(await frame.passwords.check("admin", first?.password ?? "", "x")).toBeDefined();
    expect(await prepareIdentity(frame)).toBeUndefined();
    const other = await prepareIdentity(await makeFrame());
    expect(other?.password).not.toBe(first?.password);
    expect(await frame.context.audit.query({ limit: 10 })).toMatchObject([
      { actor: "system", action: "server.first-start" },
    ]);
  });

  it("takes the password from a file, without repeating it", async () => {
    const frame = await makeFrame();
    const first = await prepareIdentity(frame, await passwordFile("from the file\n"));
    expect(first).not.toHaveProperty("password");
    expect(await frame.passwords.check("admin", "from the file", "x")).toBeDefined();
  });

  it("is made good when it died half-way: all of it or nothing is there", async () => {
    const frame = await makeFrame();
    const { database } = frame.context;
    // What a start that died after the migrations leaves: tables, no rows.
    const killed = database.transaction().execute(async (trx) => {
      await trx
        .$extendTables<{ provider: { id: string; name: string | null; created_at: string } }>()
        .insertInto("provider")
        .values({ id: "local", name: null, created_at: "" })
        .execute();
      throw new Error("killed");
    });
    await expect(killed).rejects.toThrow("killed");
    expect(await prepareIdentity(frame)).toBeDefined();
  });

  it.each([
    ["short", "short"],
    ["empty", "\n"],
  ])("refuses a password file that is too %s", async (_what, text) => {
    const frame = await makeFrame();
    await expect(prepareIdentity(frame, await passwordFile(text))).rejects.toMatchObject({ code: "CONFIG" });
    expect(await prepareIdentity(frame)).toBeDefined();
  });

  it("refuses a password file that is not there", async () => {
    await expect(prepareIdentity(await makeFrame(), "/nowhere/password")).rejects.toMatchObject({
      code: "CONFIG",
    });
  });
});

describe("a password file on a later start", () => {
  it("is the way back in: the administrator is active again and has that password", async () => {
    const { app, admin, frame } = await makeApp();
    const root = caller(app, admin.headers.authorization);
    await root("POST", "users", { login: "rival", password: "correct horse", roles: [{ role: "admin" }] });
    await root("PATCH", "users/rival", { name: "Rival" });
    const rival = caller(app, `Basic ${Buffer.from("rival:correct horse").toString("base64")}`);
    await rival("DELETE", "users/admin/roles/admin");
    await rival("PATCH", "users/admin", { state: "disabled" });
    expect((await root("GET", "whoami")).status).toBe(401);
    expect(await prepareIdentity(frame, await passwordFile("back in again"))).toBeUndefined();
    expect((await root("GET", "users")).status).toBe(200);
    expect(await frame.passwords.check("admin", "back in again", "x")).toBeDefined();
    expect(await frame.passwords.check("admin", admin.password, "x")).toBeUndefined();
  });

  it("makes the administrator anew when it was removed", async () => {
    const { app, admin, frame } = await makeApp();
    const root = caller(app, admin.headers.authorization);
    await root("POST", "users", { login: "rival", password: "correct horse", roles: [{ role: "admin" }] });
    await root("DELETE", "users/admin");
    await prepareIdentity(frame, await passwordFile("back in again"));
    expect(await frame.passwords.check("admin", "back in again", "x")).toBeDefined();
  });

  it("that holds the same password leaves sessions alone", async () => {
    const { app, admin, frame } = await makeApp();
    const { body } = await caller(app)("POST", "auth/login", { login: "admin", password: admin.password });
    await prepareIdentity(frame, await passwordFile(admin.password));
    expect((await caller(app, `Bearer ${body.accessToken}`)("GET", "whoami")).status).toBe(200);
    await prepareIdentity(frame, await passwordFile("something else"));
    expect((await caller(app, `Bearer ${body.accessToken}`)("GET", "whoami")).status).toBe(401);
  });
});
