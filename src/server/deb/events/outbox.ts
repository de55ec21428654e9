import type { DebDatabase } from "../tables.ts";
import type { ProgressMessage } from "./message.ts";

/** A message that waits for the broker. */
export interface WaitingMessage extends ProgressMessage {
  seq: number;
  taskId: string;
  /** ms since 1970. */
  notBefore: number;
}

/**
 * Messages for the broker, kept until it has confirmed them: they are written in the transaction of what they tell of, so
 * neither a crash nor a broker that is away loses one.
 */
export class Outbox {
  readonly #db: DebDatabase;
  #listener: () => void = () => undefined;

  constructor(db: DebDatabase) {
    this.#db = db;
  }

  /** Called after messages were committed. */
  onCommitted(listener: () => void): void {
    this.#listener = listener;
  }

  /** Says that a transaction with messages was committed. */
  committed(): void {
    this.#listener();
  }

  async add(trx: DebDatabase, taskId: string, message: ProgressMessage, notBefore: number): Promise<void> {
    await trx
      .insertInto("deb_outbox")
      .values({
        task_id: taskId,
        routing_key: message.routingKey,
        headers: JSON.stringify(message.headers),
        body: JSON.stringify(message.body),
        not_before: notBefore,
      } as never)
      .execute();
  }

  /** The oldest messages in their order. */
  async waiting(limit: number): Promise<WaitingMessage[]> {
    const rows = await this.#db.selectFrom("deb_outbox").selectAll().orderBy("seq").limit(limit).execute();
    return rows.map((row) => ({
      seq: row.seq,
      taskId: row.task_id,
      routingKey: row.routing_key,
      headers: JSON.parse(row.headers),
      body: JSON.parse(row.body),
      notBefore: row.not_before,
    }));
  }

  async remove(seq: number): Promise<void> {
    await this.#db.deleteFrom("deb_outbox").where("seq", "=", seq).execute();
  }

  async count(): Promise<number> {
    const row = await this.#db
      .selectFrom("deb_outbox")
      .select((expression) => expression.fn.countAll<number>().as("rows"))
      .executeTakeFirstOrThrow();
    return Number(row.rows);
  }
}
