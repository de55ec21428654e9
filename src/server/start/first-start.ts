import { readFile } from "node:fs/promises";
import { configError } from "../../core/errors.ts";
import { PERMISSIONS } from "../../core/permissions.ts";
import type { Frame } from "../frame.ts";
import { passwordSchema } from "../http/schemas.ts";
import type { IdentityDatabase } from "../identity/changes.ts";
import { verifyPassword } from "../identity/password.ts";
import type { PasswordSecrets } from "../identity/password-secrets.ts";
import { insertProvider } from "../identity/providers.ts";
import { EVERYTHING } from "../identity/rights.ts";
import { ADMIN_ROLE } from "../identity/roles.ts";
import type { IdentityTables } from "../identity/tables.ts";
import { generatePassword } from "../identity/token-format.ts";
import { insertToken } from "../identity/tokens.ts";
import { addMembership, insertUser, updateUser } from "../identity/users.ts";

const ADMIN = "admin";
const LOCAL_PROVIDER = "local";
const TOKEN_DAYS = 365;

export interface FirstStart {
  login: typeof ADMIN;
  /** Only when it was made up here. */
  password?: string;
  /** For the ready-made targets of the user who started the server. */
  token: string;
}

/** @throws CONFIG when the file cannot be read or holds no password. */
async function readPassword(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw configError(`the admin password file ${file} cannot be read`, { cause });
  });
  const password = passwordSchema.safeParse(text.replace(/\r?\n$/, ""));
  if (!password.success) throw configError(`the admin password in ${file} must have 8 to 1024 characters`);
  return password.data;
}

async function createAll(trx: IdentityDatabase, password: PasswordSecrets, now: Date): Promise<string> {
  const userId = await insertUser(trx, { login: ADMIN, name: "Administrator", password }, now);
  await addMembership(trx, { userId, role: ADMIN_ROLE, provider: null });
  await insertProvider(trx, { id: LOCAL_PROVIDER, name: "Local" }, now);
  const { token } = await insertToken(
    trx,
    {
      userId,
      note: "ready-made targets of the user who started the server",
      scopes: PERMISSIONS,
      resources: [EVERYTHING],
      createdBy: ADMIN,
      expiresAt: new Date(now.getTime() + TOKEN_DAYS * 86_400_000),
    },
    now,
  );
  return token;
}

/** No password fits. */
const NONE: PasswordSecrets = { hash: "", scram: new Map() };

/** Makes sure that `admin` exists, is active, an administrator, and has this password. */
async function resetAdmin(db: IdentityDatabase, frame: Frame, password: string): Promise<void> {
  const { audit, now } = frame.context;
  const user = await db
    .selectFrom("user")
    .select(["id", "password"])
    .where("login", "=", ADMIN)
    .executeTakeFirst();
  // With the same password the sessions go on: the flag may stand in a unit file.
  const isSame = user !== undefined && (await verifyPassword(password, user.password));
  const secrets = isSame ? undefined : await frame.makePasswordSecrets(password);
  await db.transaction().execute(async (trx) => {
    const userId = user?.id ?? (await insertUser(trx, { login: ADMIN, password: secrets ?? NONE }, now()));
    await addMembership(trx, { userId, role: ADMIN_ROLE, provider: null });
    await updateUser(trx, userId, { state: "active", password: secrets }, now());
    if (isSame) return;
    const entry = {
      actor: null,
      action: "user.password.reset",
      resource: `user:${ADMIN}`,
      outcome: "ok" as const,
    };
    await audit.record({ ...entry, ip: null, requestId: null }, trx);
  });
}

/**
 * Makes the first start's administrator, provider and token in one transaction, if there is no user yet: a start that
 * died before it is made good by the next. With a password file on a later start the administrator gets that password.
 * @throws CONFIG for a password file that cannot be used.
 */
export async function prepareIdentity(frame: Frame, passwordFile?: string): Promise<FirstStart | undefined> {
  const { database, audit, now } = frame.context;
  const db = database.$extendTables<IdentityTables>();
  const given = passwordFile === undefined ? undefined : await readPassword(passwordFile);
  const anyUser = await db.selectFrom("user").select("id").limit(1).executeTakeFirst();
  if (anyUser !== undefined) {
    if (given !== undefined) await resetAdmin(db, frame, given);
    return undefined;
  }
  const password = given ?? generatePassword();
  const secrets = await frame.makePasswordSecrets(password);
  const token = await db.transaction().execute(async (trx) => {
    const created = await createAll(trx, secrets, now());
    const entry = { actor: null, action: "server.first-start", resource: "server", outcome: "ok" as const };
    await audit.record({ ...entry, ip: null, requestId: null }, trx);
    return created;
  });
  return { login: ADMIN, token, ...(given === undefined ? { password } : {}) };
}
