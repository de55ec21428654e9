import { Problem } from "../../http/problem.ts";
import type { StoreDatabase } from "../store-database.ts";

/** What the caller may do, as far as publishing asks. */
export interface PublishRights {
  mayPublish(provider: string, plugin: string): Promise<boolean>;
  /** Providers in which the caller may publish something. */
  providers(): Promise<string[]>;
}

/**
 * The provider for which a plugin is published: its owner, or for a new plugin the stated one, or the only one in which
 * the caller may publish.
 * @param stated by the request and by package.json.
 * @throws Problem 403 `not_owner` and `scope_missing`, 404 `provider_not_found`, 422 `provider_mismatch` and
 *   `provider_required` (with `choices`).
 */
export async function resolveOwner(
  db: StoreDatabase,
  plugin: string,
  stated: { request: string | undefined; manifest: string | undefined },
  rights: PublishRights,
): Promise<string> {
  const wanted = stated.request ?? stated.manifest;
  if (stated.manifest !== undefined && wanted !== stated.manifest) {
    throw new Problem(
      422,
      "provider_mismatch",
      `the request names provider ${wanted}, and package.json names ${stated.manifest}`,
    );
  }
  const row = await db.selectFrom("plugin").select("provider_id").where("id", "=", plugin).executeTakeFirst();
  if (row !== undefined) {
    const owner = row.provider_id;
    if ((wanted ?? owner) !== owner || !(await rights.mayPublish(owner, plugin)))
      throw notOwner(plugin, owner);
    return owner;
  }
  if (wanted === undefined) return onlyProvider(plugin, rights);
  if (!(await rights.mayPublish(wanted, plugin))) {
    throw new Problem(403, "not_owner", `you may not publish ${plugin} for provider ${wanted}`);
  }
  const known = await db.selectFrom("provider").select("id").where("id", "=", wanted).executeTakeFirst();
  if (known === undefined) throw new Problem(404, "provider_not_found", `there is no provider ${wanted}`);
  return wanted;
}

export const notOwner = (plugin: string, owner: string) =>
  new Problem(403, "not_owner", `${plugin} belongs to provider ${owner}, for which you may not publish it`);

async function onlyProvider(plugin: string, rights: PublishRights): Promise<string> {
  const choices: string[] = [];
  for (const provider of await rights.providers()) {
    if (await rights.mayPublish(provider, plugin)) choices.push(provider);
  }
  const [only] = choices;
  if (only === undefined) {
    throw new Problem(403, "scope_missing", `you may not publish ${plugin} for any provider`);
  }
  if (choices.length > 1) {
    throw new Problem(
      422,
      "provider_required",
      `${plugin} is new: say for which provider it is published (${choices.join(", ")})`,
      { extra: { choices } },
    );
  }
  return only;
}
