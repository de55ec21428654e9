import { describe, expect, it, onTestFinished } from "vitest";
import { deriveScramKeys } from "../../../../../src/core/scram.ts";
import type { IdentityTables } from "../../../../../src/server/identity/tables.ts";
import { kafkaModule } from "../../../../../src/server/kafka/module.ts";
import type { TopicGrant } from "../../../../../src/server/kafka/security/access.ts";
import {
  accountAuthorizer,
  UserAccounts,
  userOf,
} from "../../../../../src/server/kafka/security/accounts.ts";
import { basic, caller } from "../../../../helpers/http-client.ts";
import { makeApp } from "../../../../helpers/server-context.ts";

const IP = "127.0.0.1";
const PASSWORD = "correct horse";

/** The server's users as those of a broker, without the broker. */
async function makeAccounts({ scram = true }: { scram?: boolean } = {}) {
  const server = await makeApp({ scram });
  const { context } = server.frame;
  const grants = new Map<string, TopicGrant>();
  const accounts = new UserAccounts({
    logins: context.connectionLogins,
    grantOf: (tokenId) => grants.get(tokenId),
    log: context.log,
    metrics: context.metrics,
  });
  const root = caller(server.app, server.admin.headers.authorization);
  const db = context.database.$extendTables<IdentityTables>();
  return {
    ...server,
    accounts,
    grants,
    root,
    db,
    addAnn: () => root("POST", "users", { login: "ann", password: PASSWORD, roles: [] }),
    scramKeys: () => db.selectFrom("scram_key").selectAll().execute(),
  };
}

describe("the accounts of the Kafka endpoint", () => {
  it("let the token of a plugin read the plugin's own topic, and end with it", async () => {
    const { accounts, grants, db, frame } = await makeAccounts();
    const { programTokens } = frame.context;
    const issued = await db
      .transaction()
      .execute((trx) => programTokens.issue(trx, { login: "admin", note: "thermo" }));
    grants.set(issued.id, { plugin: "thermo", topic: "plugin-1" });
    const account = await accounts.byPassword("thermo", issued.token, IP);
    if (account === undefined) throw new Error("the token was refused");
    onTestFinished(() => account.release());
    const { principal } = account;
    const may = (operation: "read" | "write", name: string) =>
      accountAuthorizer.authorize(principal, operation, { type: "topic", name });
    expect(principal.name).toBe("plugin:thermo");
    expect(userOf(principal)).toMatchObject({ login: "admin", tokenId: issued.id });
    expect([may("read", "plugin-1"), may("write", "plugin-1"), may("read", "plugin-2")]).toEqual([
      true,
      false,
      false,
    ]);
    await db.transaction().execute((trx) => programTokens.revoke(trx, issued.id));
    await accounts.renew();
    expect(account.endsAt).toBe(0);
    expect(may("read", "plugin-1")).toBe(false);
  });

  it("let nobody do anything whom they did not sign in", () => {
    const impostor = { name: "admin" };
    const topic = { type: "topic", name: "words" } as const;
    expect(accountAuthorizer.authorize(impostor, "read", topic)).toBe(false);
    expect(userOf(impostor)).toBeUndefined();
  });

  it("give a token of a program no right beside those of its plugin", async () => {
    const { accounts, db, frame } = await makeAccounts();
    const issued = await db
      .transaction()
      .execute((trx) => frame.context.programTokens.issue(trx, { login: "admin", note: "no plugin" }));
    const account = await accounts.byPassword("x", issued.token, IP);
    if (account === undefined) throw new Error("the token was refused");
    for (const operation of ["read", "write", "describe", "create"] as const) {
      const topic = { type: "topic", name: "words" } as const;
      expect(accountAuthorizer.authorize(account.principal, operation, topic)).toBe(false);
    }
  });

  it("answer for a login that there is not like for one that there is, and the same each time", async () => {
    const { accounts, addAnn } = await makeAccounts();
    await addAnn();
    const [ann, nobody, again, other] = await Promise.all(
      ["ann", "nobody", "nobody", "nobody2"].map((login) => accounts.byScram("SCRAM-SHA-256", login, IP)),
    );
    expect(nobody?.keys.iterations).toBe(ann?.keys.iterations);
    for (const part of ["salt", "storedKey", "serverKey"] as const) {
      expect(nobody?.keys[part]).toHaveLength(ann?.keys[part].length ?? 0);
    }
    expect(again?.keys).toEqual(nobody?.keys);
    expect(other?.keys.salt).not.toEqual(nobody?.keys.salt);
    expect(await nobody?.settle(() => true)).toBeUndefined();
  });
});

describe("keys for SCRAM", () => {
  it("are kept of a new password, fit it, and change with it", async () => {
    const { addAnn, root, scramKeys } = await makeAccounts();
    await addAnn();
    const before = await scramKeys();
    expect(before.map(({ mechanism }) => mechanism)).toEqual(["SCRAM-SHA-256", "SCRAM-SHA-512"]);
    for (const { mechanism, salt, iterations, stored_key: storedKey } of before) {
      const options = { salt: Buffer.from(salt, "base64"), iterations };
      const derived = await deriveScramKeys(mechanism as "SCRAM-SHA-256", PASSWORD, options);
      expect(storedKey).toBe(derived.storedKey.toString("base64"));
    }
    await root("PATCH", "users/ann", { password: "another password" });
    const after = await scramKeys();
    expect(after).toHaveLength(2);
    expect(after[0]?.stored_key).not.toBe(before[0]?.stored_key);
    await root("DELETE", "users/ann");
    expect(await scramKeys()).toEqual([]);
  });

  it("are made of a password from before, at its first use", async () => {
    const { app, admin, scramKeys } = await makeAccounts();
    expect(await scramKeys()).toEqual([]);
    await caller(app, basic("admin", "wrong password"))("GET", "whoami");
    expect(await scramKeys()).toEqual([]);
    expect(await caller(app, basic("admin", admin.password))("GET", "whoami")).toMatchObject({ status: 200 });
    expect(await scramKeys()).toHaveLength(2);
  });

  it("are not kept by a server where nobody signs in by SCRAM", async () => {
    const { app, addAnn, scramKeys } = await makeAccounts({ scram: false });
    await addAnn();
    await caller(app, basic("ann", PASSWORD))("GET", "whoami");
    expect(await scramKeys()).toEqual([]);
    expect(kafkaModule.scram).toBe(true);
  });
});
