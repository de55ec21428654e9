import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { type SqliteDatabase, SqliteDialect, type SqliteStatement } from "kysely";
import { LRUCache } from "lru-cache";

/** Prepared statements kept per connection: preparing costs several times what a keyed read costs. */
const KEPT_STATEMENTS = 500;

// What cannot be bound is refused by node:sqlite itself with a TypeError that names the parameter.
const asInput = (parameters: readonly unknown[]) => parameters as SQLInputValue[];

function adaptStatement(prepare: () => StatementSync): SqliteStatement {
  const statement = prepare();
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...asInput(parameters)),
    run: (parameters) => statement.run(...asInput(parameters)),
    // A shared statement would be reset by its next use while somebody still iterates.
    iterate: (parameters) => prepare().iterate(...asInput(parameters)),
  };
}

/** kysely's SQLite dialect expects better-sqlite3's interface; this gives it `node:sqlite`. */
export function nodeSqliteDialect(connection: DatabaseSync): SqliteDialect {
  const statements = new LRUCache<string, SqliteStatement>({ max: KEPT_STATEMENTS });
  const database: SqliteDatabase = {
    prepare(sql) {
      const kept = statements.get(sql);
      if (kept !== undefined) return kept;
      const statement = adaptStatement(() => connection.prepare(sql));
      statements.set(sql, statement);
      return statement;
    },
    close() {
      statements.clear();
      connection.close();
    },
  };
  return new SqliteDialect({ database });
}
