import { createHmac } from "node:crypto";
import { SCRAM, type ScramKeys, type ScramMechanism } from "../../core/scram.ts";
import type { IdentityDatabase } from "./changes.ts";
import { makeScramSecrets, type ScramSecrets } from "./password-secrets.ts";
import { SCRAM_SALTS } from "./tables.ts";

const SALT_BYTES = 16;
const text = (bytes: Buffer) => bytes.toString("base64");
const bytes = (base64: string) => Buffer.from(base64, "base64");

/** Keeps the keys of a user's new password instead of those before, in the transaction that sets it. */
export async function replaceScramKeys(
  trx: IdentityDatabase,
  userId: string,
  secrets: ScramSecrets,
): Promise<void> {
  await trx.deleteFrom("scram_key").where("user_id", "=", userId).execute();
  for (const [mechanism, keys] of secrets) {
    await trx
      .insertInto("scram_key")
      .values({
        user_id: userId,
        mechanism,
        salt: text(keys.salt),
        iterations: keys.iterations,
        stored_key: text(keys.storedKey),
        server_key: text(keys.serverKey),
      })
      .execute();
  }
}

/** Makes up for keys that a user has not got, whose password is older than they are. @param password the right one */
export async function addMissingScramKeys(
  db: IdentityDatabase,
  user: { id: string; hash: string },
  password: string,
): Promise<void> {
  const known = await db
    .selectFrom("scram_key")
    .select("mechanism")
    .where("user_id", "=", user.id)
    .executeTakeFirst();
  if (known !== undefined) return;
  const secrets = await makeScramSecrets(password);
  await db.transaction().execute(async (trx) => {
    const row = await trx.selectFrom("user").select("password").where("id", "=", user.id).executeTakeFirst();
    // Otherwise it got another password meanwhile, with keys.
    if (row?.password === user.hash) await replaceScramKeys(trx, user.id, secrets);
  });
}

/** The keys of an active user, with the hash of the password that they belong to. */
export async function findScramKeys(db: IdentityDatabase, mechanism: ScramMechanism, login: string) {
  const row = await db
    .selectFrom("scram_key")
    .innerJoin("user", "user.id", "scram_key.user_id")
    .select(["user.id", "user.password", "salt", "iterations", "stored_key", "server_key"])
    .where("user.login", "=", login)
    .where("user.state", "=", "active")
    .where("mechanism", "=", mechanism)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const keys: ScramKeys = {
    salt: bytes(row.salt),
    iterations: row.iterations,
    storedKey: bytes(row.stored_key),
    serverKey: bytes(row.server_key),
  };
  return { userId: row.id, passwordHash: row.password, keys };
}

/** Makes up keys for a login that has none: always the same, so that they tell nothing, and no proof fits them. */
export async function loadKeyForger(
  db: IdentityDatabase,
): Promise<(mechanism: ScramMechanism, login: string) => ScramKeys> {
  const { value } = await db
    .selectFrom("server_secret")
    .select("value")
    .where("name", "=", SCRAM_SALTS)
    .executeTakeFirstOrThrow();
  const secret = bytes(value);
  return (mechanism, login) => {
    const { hash, iterations } = SCRAM[mechanism];
    const make = (what: string) =>
      createHmac(hash, secret)
        .update(JSON.stringify([what, mechanism, login]))
        .digest();
    return {
      salt: make("salt").subarray(0, SALT_BYTES),
      iterations,
      storedKey: make("stored"),
      serverKey: make("server"),
    };
  };
}
