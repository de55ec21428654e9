import { Problem } from "../http/problem.ts";
import { assertAdminRemains, type IdentityDatabase, isDuplicate } from "./changes.ts";
import type { PasswordSecrets } from "./password-secrets.ts";
import { BUILT_IN_ROLES } from "./roles.ts";
import { replaceScramKeys } from "./scram-keys.ts";

export type UserState = "active" | "disabled";

export interface UserRecord {
  id: string;
  login: string;
  name: string | null;
  state: UserState;
  roles: { role: string; provider: string | null }[];
  createdAt: string;
  updatedAt: string;
  lastLoginAt: string | null;
}

export interface NewUser {
  login: string;
  name?: string | undefined;
  password: PasswordSecrets;
}

const notFound = (login: string) => new Problem(404, "user_not_found", `there is no user "${login}"`);

const usersWith = (db: IdentityDatabase) =>
  db
    .selectFrom("user")
    .select([
      "id",
      "login",
      "name",
      "state",
      "created_at as createdAt",
      "updated_at as updatedAt",
      "last_login_at as lastLoginAt",
    ]);

const membershipsOf = (db: IdentityDatabase) =>
  db
    .selectFrom("membership")
    .select(["user_id", "role", "provider_id as provider"])
    .orderBy("provider_id")
    .orderBy("role");

/** Every user by login, with roles. */
export async function listUsers(db: IdentityDatabase): Promise<UserRecord[]> {
  const users = await usersWith(db).orderBy("login").execute();
  const memberships = Map.groupBy(await membershipsOf(db).execute(), (membership) => membership.user_id);
  return users.map((user) => ({
    ...user,
    state: user.state as UserState,
    roles: (memberships.get(user.id) ?? []).map(({ role, provider }) => ({ role, provider })),
  }));
}

/** @throws Problem 404. */
export async function getUser(db: IdentityDatabase, login: string): Promise<UserRecord> {
  const user = await usersWith(db).where("login", "=", login).executeTakeFirst();
  if (user === undefined) throw notFound(login);
  const memberships = await membershipsOf(db).where("user_id", "=", user.id).execute();
  return {
    ...user,
    state: user.state as UserState,
    roles: memberships.map(({ role, provider }) => ({ role, provider })),
  };
}

/** Returns the new user's id. @throws Problem 409 when the login is taken. */
export async function insertUser(trx: IdentityDatabase, user: NewUser, now: Date): Promise<string> {
  const id = crypto.randomUUID();
  const at = now.toISOString();
  try {
    await trx
      .insertInto("user")
      .values({
        id,
        login: user.login,
        name: user.name ?? null,
        password: user.password.hash,
        state: "active",
        created_at: at,
        updated_at: at,
        last_login_at: null,
      })
      .execute();
  } catch (error) {
    if (isDuplicate(error)) throw new Problem(409, "user_exists", `the login "${user.login}" is taken`);
    throw error;
  }
  await replaceScramKeys(trx, id, user.password.scram);
  return id;
}

export interface UserChange {
  name?: string | null | undefined;
  password?: PasswordSecrets | undefined;
  state?: UserState | undefined;
}

/**
 * Changes a user. A new password or a disabled user ends all sessions. @throws Problem 409 for the last
 * active administrator.
 */
export async function updateUser(
  trx: IdentityDatabase,
  id: string,
  change: UserChange,
  now: Date,
): Promise<void> {
  await trx
    .updateTable("user")
    .set({
      updated_at: now.toISOString(),
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.password === undefined ? {} : { password: change.password.hash }),
      ...(change.state === undefined ? {} : { state: change.state }),
    })
    .where("id", "=", id)
    .execute();
  if (change.password !== undefined) await replaceScramKeys(trx, id, change.password.scram);
  if (change.password !== undefined || change.state === "disabled") {
    await trx.deleteFrom("session").where("user_id", "=", id).execute();
  }
  if (change.state === "disabled") await assertAdminRemains(trx);
}

/** Removes a user with sessions, tokens and roles. @throws Problem 409 for the last active administrator. */
export async function deleteUser(trx: IdentityDatabase, id: string): Promise<void> {
  await trx.deleteFrom("user").where("id", "=", id).execute();
  await assertAdminRemains(trx);
}

async function assertRoleExists(trx: IdentityDatabase, role: string): Promise<void> {
  if (BUILT_IN_ROLES.has(role)) return;
  const custom = await trx.selectFrom("role").select("id").where("id", "=", role).executeTakeFirst();
  if (custom === undefined) throw new Problem(404, "role_not_found", `there is no role "${role}"`);
}

async function assertProviderExists(trx: IdentityDatabase, provider: string): Promise<void> {
  const row = await trx.selectFrom("provider").select("id").where("id", "=", provider).executeTakeFirst();
  if (row === undefined) throw new Problem(404, "provider_not_found", `there is no provider "${provider}"`);
}

export interface Membership {
  userId: string;
  role: string;
  provider: string | null;
}

/** Gives a role; one that the user has already stays. @throws Problem 404 for an unknown role or provider. */
export async function addMembership(
  trx: IdentityDatabase,
  { userId, role, provider }: Membership,
): Promise<void> {
  await assertRoleExists(trx, role);
  if (provider !== null) await assertProviderExists(trx, provider);
  await trx
    .insertInto("membership")
    .values({ user_id: userId, role, provider_id: provider })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Takes a role away, if the user has it. @throws Problem 409 for the last active administrator. */
export async function removeMembership(
  trx: IdentityDatabase,
  { userId, role, provider }: Membership,
): Promise<void> {
  await trx
    .deleteFrom("membership")
    .where("user_id", "=", userId)
    .where("role", "=", role)
    .where("provider_id", provider === null ? "is" : "=", provider)
    .execute();
  await assertAdminRemains(trx);
}
