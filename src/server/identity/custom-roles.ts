import type { Permission } from "../../core/permissions.ts";
import { Problem } from "../http/problem.ts";
import { type IdentityDatabase, isDuplicate } from "./changes.ts";
import { BUILT_IN_ROLES, type Role } from "./roles.ts";

export interface RoleContent {
  description: string;
  permissions: readonly Permission[];
}

const toRole = (row: { id: string; description: string; permissions: string }): Role => ({
  id: row.id,
  description: row.description,
  permissions: JSON.parse(row.permissions),
  builtIn: false,
});

/** Built-in roles first, then those of this server by id. */
export async function listRoles(db: IdentityDatabase): Promise<Role[]> {
  const custom = await db.selectFrom("role").selectAll().orderBy("id").execute();
  return [...BUILT_IN_ROLES.values(), ...custom.map(toRole)];
}

/** @throws Problem 404. */
export async function getRole(db: IdentityDatabase, id: string): Promise<Role> {
  const builtIn = BUILT_IN_ROLES.get(id);
  if (builtIn) return builtIn;
  const row = await db.selectFrom("role").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw new Problem(404, "role_not_found", `there is no role "${id}"`);
  return toRole(row);
}

/** A role that may be changed. @throws Problem 404, 409 for a built-in one. */
export async function getCustomRole(db: IdentityDatabase, id: string): Promise<Role> {
  const role = await getRole(db, id);
  if (role.builtIn)
    throw new Problem(409, "role_built_in", `the role "${id}" is built in and cannot be changed`);
  return role;
}

/** @throws Problem 409 when the id is taken. */
export async function insertRole(
  trx: IdentityDatabase,
  id: string,
  content: RoleContent,
  now: Date,
): Promise<void> {
  const taken = () => new Problem(409, "role_exists", `there is a role "${id}" already`);
  if (BUILT_IN_ROLES.has(id)) throw taken();
  const permissions = JSON.stringify(content.permissions);
  try {
    await trx
      .insertInto("role")
      .values({ id, description: content.description, permissions, created_at: now.toISOString() })
      .execute();
  } catch (error) {
    if (isDuplicate(error)) throw taken();
    throw error;
  }
}

export async function updateRole(trx: IdentityDatabase, id: string, content: RoleContent): Promise<void> {
  await trx
    .updateTable("role")
    .set({ description: content.description, permissions: JSON.stringify(content.permissions) })
    .where("id", "=", id)
    .execute();
}

/** Removes a role and takes it away from everybody who has it. */
export async function deleteRole(trx: IdentityDatabase, id: string): Promise<void> {
  await trx.deleteFrom("membership").where("role", "=", id).execute();
  await trx.deleteFrom("role").where("id", "=", id).execute();
}
