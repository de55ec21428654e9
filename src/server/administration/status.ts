import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Kysely } from "kysely";
import type { Frame } from "../frame.ts";
import type { IdentityTables } from "../identity/tables.ts";
import { type ModuleReport, type ModuleState, readiness, runningModules } from "../module-states.ts";
import { DATA_FILES } from "../storage/data-directory.ts";

export interface ServerStatus {
  version: string;
  startedAt: string;
  uptimeSeconds: number;
  dataDir: string;
  /** Bytes of the database and of all blobs. */
  sizeBytes: number;
  modules: Record<string, ModuleReport>;
  counts: Record<string, number>;
}

const fileSize = (file: string) =>
  stat(file).then(
    (found) => found.size,
    () => 0,
  );

async function countRows(db: Kysely<IdentityTables>, table: "user" | "provider" | "token"): Promise<number> {
  const row = await db
    .selectFrom(table)
    .select((expression) => expression.fn.countAll<number>().as("rows"))
    .executeTakeFirstOrThrow();
  return Number(row.rows);
}

/** What an operator asks first: what runs, since when, and how much there is of it. */
export async function readStatus(
  frame: Frame,
  modules: ReadonlyMap<string, ModuleState>,
  startedAt: Date,
): Promise<ServerStatus> {
  const { dataDir, blobs, database, now } = frame.context;
  const db = database.$extendTables<IdentityTables>();
  const databaseFile = join(dataDir, DATA_FILES.database);
  let sizeBytes = (await fileSize(databaseFile)) + (await fileSize(`${databaseFile}-wal`));
  let blobCount = 0;
  for await (const { size } of blobs.list()) {
    sizeBytes += size;
    blobCount++;
  }
  const ofModules = await Promise.all(runningModules(modules).map((running) => running.counts?.() ?? {}));
  return {
    version: frame.version,
    startedAt: startedAt.toISOString(),
    uptimeSeconds: Math.floor((now().getTime() - startedAt.getTime()) / 1000),
    dataDir,
    sizeBytes,
    modules: (await readiness(modules)).modules,
    counts: Object.assign(
      {
        users: await countRows(db, "user"),
        providers: await countRows(db, "provider"),
        tokens: await countRows(db, "token"),
        blobs: blobCount,
      },
      ...ofModules,
    ),
  };
}
