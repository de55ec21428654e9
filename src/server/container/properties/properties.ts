import { Problem } from "../../http/problem.ts";
import { isDuplicate } from "../../identity/changes.ts";
import type { ContainerDatabase } from "../tables.ts";

export interface PluginProperty {
  property: string;
  value: unknown;
}

/** Whose property. */
export interface PropertyOwner {
  user: string;
  plugin: string;
}

const notFound = (property: string) =>
  new Problem(404, "property_not_found", `there is no property "${property}"`);

/** What plugins keep on the platform: their settings first of all. Values are any JSON. */
export class PluginProperties {
  readonly #db: ContainerDatabase;
  readonly #now: () => Date;

  constructor(db: ContainerDatabase, now: () => Date) {
    this.#db = db;
    this.#now = now;
  }

  async list({ user, plugin }: PropertyOwner): Promise<PluginProperty[]> {
    const rows = await this.#db
      .selectFrom("container_property")
      .select(["property", "value"])
      .where("user", "=", user)
      .where("plugin", "=", plugin)
      .orderBy("property")
      .execute();
    return rows.map(({ property, value }) => ({ property, value: JSON.parse(value) }));
  }

  /** @throws Problem 404. */
  async read({ user, plugin }: PropertyOwner, property: string): Promise<PluginProperty> {
    const row = await this.#db
      .selectFrom("container_property")
      .select("value")
      .where("user", "=", user)
      .where("plugin", "=", plugin)
      .where("property", "=", property)
      .executeTakeFirst();
    if (row === undefined) throw notFound(property);
    return { property, value: JSON.parse(row.value) };
  }

  /** All of them or none. @throws Problem 409 for one that exists. */
  async create({ user, plugin }: PropertyOwner, properties: readonly PluginProperty[]): Promise<void> {
    const at = this.#now().toISOString();
    await this.#db.transaction().execute(async (trx) => {
      for (const { property, value } of properties) {
        try {
          await trx
            .insertInto("container_property")
            .values({ user, plugin, property, value: JSON.stringify(value), updated_at: at })
            .execute();
        } catch (error) {
          if (!isDuplicate(error)) throw error;
          throw new Problem(409, "property_exists", `the property "${property}" exists`);
        }
      }
    });
  }

  /** Sets the value, whether the property was there or not. */
  async put({ user, plugin }: PropertyOwner, { property, value }: PluginProperty): Promise<void> {
    const row = { value: JSON.stringify(value), updated_at: this.#now().toISOString() };
    await this.#db
      .insertInto("container_property")
      .values({ user, plugin, property, ...row })
      .onConflict((conflict) => conflict.columns(["user", "plugin", "property"]).doUpdateSet(row))
      .execute();
  }

  /** Merges into the value as RFC 7396 says. @throws Problem 404. */
  async patch(owner: PropertyOwner, { property, value }: PluginProperty): Promise<PluginProperty> {
    const before = await this.read(owner, property);
    const after = { property, value: mergePatch(before.value, value) };
    await this.put(owner, after);
    return after;
  }

  /** @throws Problem 404. */
  async delete({ user, plugin }: PropertyOwner, property: string): Promise<void> {
    const { numDeletedRows } = await this.#db
      .deleteFrom("container_property")
      .where("user", "=", user)
      .where("plugin", "=", plugin)
      .where("property", "=", property)
      .executeTakeFirst();
    if (numDeletedRows === 0n) throw notFound(property);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** JSON Merge Patch (RFC 7396): null takes a member away. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}
