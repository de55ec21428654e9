import type { Kysely, Transaction } from "kysely";
import type { StoreTables } from "./tables.ts";

/** The store's tables, and what it reads of the identity module's. */
type Tables = StoreTables & { provider: { id: string } };

export type StoreDatabase = Kysely<Tables>;
export type StoreTransaction = Transaction<Tables>;
