import { Problem } from "../http/problem.ts";
import { type IdentityDatabase, isDuplicate, isReferenced } from "./changes.ts";

export interface Provider {
  id: string;
  name: string | null;
  createdAt: string;
}

const providersWith = (db: IdentityDatabase) =>
  db.selectFrom("provider").select(["id", "name", "created_at as createdAt"]);

export const listProviders = (db: IdentityDatabase): Promise<Provider[]> =>
  providersWith(db).orderBy("id").execute();

/** @throws Problem 404. */
export async function getProvider(db: IdentityDatabase, id: string): Promise<Provider> {
  const provider = await providersWith(db).where("id", "=", id).executeTakeFirst();
  if (provider === undefined) throw new Problem(404, "provider_not_found", `there is no provider "${id}"`);
  return provider;
}

/** @throws Problem 409 when the id is taken. */
export async function insertProvider(
  trx: IdentityDatabase,
  provider: { id: string; name?: string | null | undefined },
  now: Date,
): Promise<void> {
  const { id, name = null } = provider;
  try {
    await trx.insertInto("provider").values({ id, name, created_at: now.toISOString() }).execute();
  } catch (error) {
    if (isDuplicate(error)) throw new Problem(409, "provider_exists", `there is a provider "${id}" already`);
    throw error;
  }
}

export async function renameProvider(trx: IdentityDatabase, id: string, name: string | null): Promise<void> {
  await trx.updateTable("provider").set({ name }).where("id", "=", id).execute();
}

/** Removes a provider and its memberships. @throws Problem 409 while plugins belong to it. */
export async function deleteProvider(trx: IdentityDatabase, id: string): Promise<void> {
  try {
    await trx.deleteFrom("provider").where("id", "=", id).execute();
  } catch (error) {
    if (isReferenced(error)) {
      throw new Problem(409, "provider_in_use", `plugins belong to the provider "${id}"`);
    }
    throw error;
  }
}
