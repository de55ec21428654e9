import type { StoreDatabase, StoreTransaction } from "./store-database.ts";

/** Changes in one transaction: more would let readers wait for too long. */
const BATCH = 64;
const SAVEPOINT = "change";

/** One change; settled by the batch that it is part of. */
interface Queued {
  /** Does the work within a savepoint and keeps its outcome. */
  run(transaction: StoreTransaction): Promise<{ undo: boolean }>;
  /** The outcome is durable. */
  settle(): void;
  fail(error: unknown): void;
}

/**
 * Makes changes one after the other, and those that wait at the same time durable together: the wait for the disk at
 * the end of a transaction is the same for one as for many.
 */
export class ChangeQueue {
  readonly #db: StoreDatabase;
  #waiting: Queued[] = [];
  #busy = false;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /**
   * Resolves when the change is durable. A change that throws is undone and touches no other.
   * With `dryRun` it is made and then undone, so that it meets every check and its result is the real one.
   */
  apply<Result>(
    work: (transaction: StoreTransaction) => Promise<Result>,
    options: { dryRun?: boolean } = {},
  ): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    let settle = () => {};
    this.#waiting.push({
      async run(transaction) {
        try {
          const result = await work(transaction);
          settle = () => resolve(result);
          return { undo: options.dryRun === true };
        } catch (error) {
          settle = () => reject(error);
          return { undo: true };
        }
      },
      settle: () => settle(),
      fail: reject,
    });
    void this.#drain();
    return promise;
  }

  async #drain(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0, BATCH));
    this.#busy = false;
  }

  async #commit(batch: readonly Queued[]): Promise<void> {
    try {
      const transaction = await this.#db.startTransaction().execute();
      try {
        for (const change of batch) {
          const saved = await transaction.savepoint(SAVEPOINT).execute();
          const { undo } = await change.run(saved);
          if (undo) await saved.rollbackToSavepoint(SAVEPOINT).execute();
          await saved.releaseSavepoint(SAVEPOINT).execute();
        }
        await transaction.commit().execute();
      } catch (error) {
        await transaction.rollback().execute();
        throw error;
      }
    } catch (error) {
      for (const change of batch) change.fail(error);
      return;
    }
    for (const change of batch) change.settle();
  }
}
