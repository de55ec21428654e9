import { backup, DatabaseSync } from "node:sqlite";
import { Kysely } from "kysely";
import { configError } from "../../core/errors.ts";
import type { Database } from "./database.ts";
import { nodeSqliteDialect } from "./sqlite-dialect.ts";

/**
 * Opens (and creates) the database file. A commit that returned has reached the disk.
 *
 * There is one connection, so a transaction holds everybody else back: inside `transaction().execute(trx => …)` only
 * `trx` may be used, a query through the outer object would wait for ever.
 * @throws CONFIG when the file is no database, or cannot be opened.
 */
export function openDatabase(file: string): Database {
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(file);
    connection.exec(`
      PRAGMA busy_timeout = 5000;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON;
    `);
  } catch (cause) {
    connection?.close();
    throw configError(`the database ${file} cannot be opened: ${(cause as Error).message}`, {
      hint: '"plugctl server restore" brings a backup back',
      cause,
    });
  }
  return new Kysely({ dialect: nodeSqliteDialect(connection) });
}

/** Copies a database that may be in use into a new file: the state of one moment, without holding writers back. */
export async function snapshotDatabase(file: string, destination: string): Promise<void> {
  // A connection of its own: the copy runs on a worker thread and would otherwise block the server's queries.
  const source = new DatabaseSync(file, { readOnly: true });
  try {
    source.exec("PRAGMA busy_timeout = 5000");
    // All pages in one step: in smaller steps each write in between would start the copy anew.
    await backup(source, destination, { rate: 2 ** 31 - 1 });
  } finally {
    source.close();
  }
}
