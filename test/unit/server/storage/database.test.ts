import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import { describe, expect, it, onTestFinished } from "vitest";
import { isPlugctlError } from "../../../../src/core/errors.ts";
import type { Database, MigrationSet } from "../../../../src/server/storage/database.ts";
import { migrate } from "../../../../src/server/storage/migrate.ts";
import { openDatabase, snapshotDatabase } from "../../../../src/server/storage/open-database.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

type Tables = { note: { id: number; text: string | null; bytes: Uint8Array | null } };

const notes: MigrationSet = {
  "0001-note": {
    async up(db) {
      await sql`CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB) STRICT`.execute(db);
    },
  },
};

function open(file: string): Database {
  const database = openDatabase(file);
  onTestFinished(() => database.destroy());
  return database;
}

async function openNotes(file: string) {
  const database = open(file);
  await migrate(database, { notes });
  return database.$extendTables<Tables>();
}

const pragma = async (database: Database, name: string) =>
  Object.values((await sql`PRAGMA ${sql.raw(name)}`.execute(database)).rows[0] ?? {})[0];

describe("openDatabase", () => {
  it("sets the pragmas that make a commit durable", async () => {
    const database = open(join(await makeTempDir(), "a.db"));
    expect(await pragma(database, "journal_mode")).toBe("wal");
    expect(await pragma(database, "synchronous")).toBe(2);
    expect(await pragma(database, "foreign_keys")).toBe(1);
    expect(await pragma(database, "busy_timeout")).toBe(5000);
  });

  it("gives back what was stored, bytes and nulls included, with the counts of a change", async () => {
    const db = await openNotes(join(await makeTempDir(), "a.db"));
    const inserted = await db
      .insertInto("note")
      .values({ id: 7, text: "ä", bytes: new Uint8Array([0, 255]) })
      .executeTakeFirst();
    expect(inserted.insertId).toBe(7n);
    const returned = await db
      .insertInto("note")
      .values({ id: 8, text: null, bytes: null })
      .returningAll()
      .executeTakeFirst();
    expect(returned).toEqual({ id: 8, text: null, bytes: null });
    const updated = await db.updateTable("note").set({ text: "b" }).executeTakeFirst();
    expect(updated.numUpdatedRows).toBe(2n);
    expect(await db.selectFrom("note").selectAll().where("id", "=", 7).executeTakeFirst()).toEqual({
      id: 7,
      text: "b",
      bytes: new Uint8Array([0, 255]),
    });
  });

  it("streams rows while the same query runs for somebody else", async () => {
    const db = await openNotes(join(await makeTempDir(), "a.db"));
    const rows = Array.from({ length: 50 }, (_, id) => ({ id, text: null, bytes: null }));
    await db.insertInto("note").values(rows).execute();
    const all = db.selectFrom("note").select("id").orderBy("id");
    const streamed = [];
    const others = [];
    for await (const row of all.stream()) {
      streamed.push(row.id);
      if (row.id % 10 === 0) others.push(all.execute());
    }
    expect(streamed).toEqual(rows.map((row) => row.id));
    for (const other of await Promise.all(others)) expect(other).toHaveLength(50);
  });

  it("undoes a transaction that fails, and goes on", async () => {
    const db = await openNotes(join(await makeTempDir(), "a.db"));
    const failing = db.transaction().execute(async (trx) => {
      await trx.insertInto("note").values({ id: 1, text: null, bytes: null }).execute();
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await db.selectFrom("note").selectAll().execute()).toEqual([]);
  });

  it("refuses a file that is no database", async () => {
    await expect(async () => openDatabase(await makeTempDir())).rejects.toThrow(/unable to open/);
  });
});

describe("snapshotDatabase", () => {
  it("copies one consistent moment while writes go on", async () => {
    const directory = await makeTempDir();
    const db = await openNotes(join(directory, "a.db"));
    let stop = false;
    const writer = (async () => {
      // Two rows per transaction: a snapshot with an odd number of them saw half a transaction.
      for (let id = 0; !stop; id += 2) {
        await db.transaction().execute(async (trx) => {
          await trx
            .insertInto("note")
            .values({ id, text: "x".repeat(500), bytes: null })
            .execute();
          await trx
            .insertInto("note")
            .values({ id: id + 1, text: null, bytes: null })
            .execute();
        });
        await new Promise(setImmediate);
      }
    })();
    const counts = [];
    for (let turn = 0; turn < 5; turn++) {
      const copy = join(directory, `copy-${turn}.db`);
      await snapshotDatabase(join(directory, "a.db"), copy);
      const snapshot = await openNotes(copy);
      counts.push((await snapshot.selectFrom("note").select("id").execute()).length);
      await snapshot.destroy();
    }
    stop = true;
    await writer;
    expect(counts.every((count) => count % 2 === 0)).toBe(true);
    expect(counts.at(-1)).toBeGreaterThan(0);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });
});

describe("migrate", () => {
  it("runs each migration once, in the order of names, module by module", async () => {
    const file = join(await makeTempDir(), "a.db");
    const ran: string[] = [];
    const step = (name: string) => ({ up: async () => void ran.push(name) });
    const first = { "0002-b": step("b"), "0001-a": step("a") };
    await migrate(open(file), { one: first });
    await migrate(open(file), { one: { ...first, "0003-c": step("c") }, two: { "0001-a": step("two") } });
    expect(ran).toEqual(["a", "b", "c", "two"]);
  });

  it("leaves nothing of a migration that fails, keeps those before it, and can be run again", async () => {
    const database = open(join(await makeTempDir(), "a.db"));
    let broken = true;
    const set: MigrationSet = {
      ...notes,
      "0002-more": {
        async up(db) {
          await sql`CREATE TABLE more (id INTEGER)`.execute(db);
          if (broken) throw new Error("disk full");
        },
      },
    };
    await expect(migrate(database, { notes: set })).rejects.toThrow("disk full");
    expect((await database.introspection.getTables()).map((table) => table.name)).toEqual([
      "migration",
      "note",
    ]);
    broken = false;
    await migrate(database, { notes: set });
    expect((await database.introspection.getTables()).map((table) => table.name)).toContain("more");
  });

  it.each([
    ["a migration", { notes: {} }],
    ["a module", {}],
  ])("refuses a database with %s that this program does not know", async (_what, sets) => {
    const database = open(join(await makeTempDir(), "a.db"));
    await migrate(database, { notes });
    const error = await migrate(database, sets).catch((thrown: unknown) => thrown);
    expect(isPlugctlError(error) && error.code).toBe("CONFLICT");
    expect(isPlugctlError(error) && error.details).toEqual({ unknownMigrations: ["notes/0001-note"] });
  });

  it("keeps what was committed when the write-ahead log was never folded in", async () => {
    const directory = await makeTempDir();
    const db = await openNotes(join(directory, "a.db"));
    await db.insertInto("note").values({ id: 1, text: "kept", bytes: null }).execute();
    expect((await stat(join(directory, "a.db-wal"))).size).toBeGreaterThan(0);
    await rm(join(directory, "a.db-shm"));
    const again = await openNotes(join(directory, "a.db"));
    expect(await again.selectFrom("note").select("text").execute()).toEqual([{ text: "kept" }]);
  });
});
