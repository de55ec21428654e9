import { conflictError } from "../../core/errors.ts";
import type { Database, MigrationSet } from "./database.ts";

type MigrationTables = {
  migration: { module: string; name: string; applied_at: string };
};

/**
 * Brings the database to the state that this program knows: every module's migrations in the order of their names,
 * each in a transaction together with the note that it was applied.
 * @param sets migrations by module.
 * @throws CONFLICT when the database holds migrations that this program does not know: it belongs to a newer one.
 */
export async function migrate(
  database: Database,
  sets: Readonly<Record<string, MigrationSet>>,
): Promise<void> {
  const db = database.$extendTables<MigrationTables>();
  await db.schema
    .createTable("migration")
    .ifNotExists()
    .addColumn("module", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("applied_at", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("migration_pk", ["module", "name"])
    .execute();
  const applied = await db.selectFrom("migration").select(["module", "name"]).execute();
  const unknown = applied.filter((row) => sets[row.module]?.[row.name] === undefined);
  if (unknown.length > 0) {
    throw conflictError("the data directory was written by a newer version of plugctl", {
      hint: "start it with that version, or restore a backup that this version made",
      details: { unknownMigrations: unknown.map((row) => `${row.module}/${row.name}`) },
    });
  }
  const done = new Set(applied.map((row) => `${row.module}/${row.name}`));
  for (const [module, set] of Object.entries(sets)) {
    for (const name of Object.keys(set).sort()) {
      const migration = set[name];
      if (migration === undefined || done.has(`${module}/${name}`)) continue;
      await db.transaction().execute(async (transaction) => {
        await migration.up(transaction);
        await transaction
          .insertInto("migration")
          .values({ module, name, applied_at: new Date().toISOString() })
          .execute();
      });
    }
  }
}
