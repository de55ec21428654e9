import { type Entry, parseEntry } from "../../../core/marketplace/entry.ts";
import type { ContainerDatabase, ContainerTables } from "../tables.ts";

export interface InstalledEntry {
  user: string;
  name: string;
  version: string;
  /** In the form that `install` takes. */
  origin: string;
  installedAt: string;
  entry: Entry;
}

type Row = ContainerTables["container_entry"];

const toInstalled = (row: Row): InstalledEntry => ({
  user: row.user,
  name: row.name,
  version: row.version,
  origin: row.origin,
  installedAt: row.installed_at,
  entry: parseEntry(JSON.parse(row.manifest)),
});

/** Marketplace entries as they stood when they were installed. */
export class InstalledEntries {
  readonly #db: ContainerDatabase;
  readonly #now: () => Date;

  constructor(db: ContainerDatabase, now: () => Date) {
    this.#db = db;
    this.#now = now;
  }

  /** Of one user, or of all. */
  async list(user?: string): Promise<InstalledEntry[]> {
    const all = this.#db.selectFrom("container_entry").selectAll().orderBy("name");
    const rows = await (user === undefined ? all : all.where("user", "=", user)).execute();
    return rows.map(toInstalled);
  }

  async find(user: string, name: string): Promise<InstalledEntry | undefined> {
    const row = await this.#db
      .selectFrom("container_entry")
      .selectAll()
      .where("user", "=", user)
      .where("name", "=", name)
      .executeTakeFirst();
    return row && toInstalled(row);
  }

  async put(user: string, name: string, { entry, origin }: { entry: Entry; origin: string }): Promise<void> {
    const row = {
      version: entry.version,
      kind: entry.kind,
      origin,
      manifest: JSON.stringify(entry.file),
      installed_at: this.#now().toISOString(),
    };
    await this.#db
      .insertInto("container_entry")
      .values({ user, name, ...row })
      .onConflict((conflict) => conflict.columns(["user", "name"]).doUpdateSet(row))
      .execute();
  }

  async delete(user: string, name: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom("container_entry")
      .where("user", "=", user)
      .where("name", "=", name)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }
}
