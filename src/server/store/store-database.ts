import type { Kysely, Transaction } from "kysely";
import type { StoreTables } from "./tables.ts";

/** The store's tables, and what it reads of the identity module's. */
type Tables = StoreTables & { provider: { id: string } };

export type StoreDatabase = Kysely<Tables>;
export type StoreTransaction = Transaction<Tables>;

/**
 * Runs a change in one transaction. With `dryRun` the change is made and then undone, so that it meets every check
 * and its result is the real one.
 */
export async function change<Result>(
  db: StoreDatabase,
  dryRun: boolean,
  run: (transaction: StoreTransaction) => Promise<Result>,
): Promise<Result> {
  const transaction = await db.startTransaction().execute();
  try {
    const result = await run(transaction);
    if (dryRun) await transaction.rollback().execute();
    else await transaction.commit().execute();
    return result;
  } catch (error) {
    if (!transaction.isCommitted && !transaction.isRolledBack) await transaction.rollback().execute();
    throw error;
  }
}
