import type { AnyTransaction } from "../events/audit.ts";
import type { IdentityDatabase } from "./changes.ts";
import { insertToken, revokeToken } from "./tokens.ts";
import { getUser } from "./users.ts";

/** Such a token lasts as long as the program that it was made for. */
const UNTIL_REVOKED = new Date("9999-12-31T23:59:59.999Z");

/**
 * Tokens for programs that the server runs for a user. They tell who calls and carry no permission: what such a
 * program may do is known to the module that runs it. They are listed and revoked like all tokens of the user.
 */
export interface ProgramTokens {
  /** @throws Problem 404 when there is no such user. The token is returned here and known nowhere else. Stands or falls with the transaction. */
  issue(trx: AnyTransaction, wanted: { login: string; note: string }): Promise<{ id: string; token: string }>;
  revoke(trx: AnyTransaction, id: string): Promise<void>;
}

export function createProgramTokens(now: () => Date): ProgramTokens {
  // The tables are in the same database, whichever of them the transaction's type names.
  const tables = (trx: AnyTransaction) => trx as IdentityDatabase;

  return {
    async issue(trx, { login, note }) {
      const owner = await getUser(tables(trx), login);
      const wanted = { userId: owner.id, note, scopes: [], resources: [], createdBy: "server" };
      return insertToken(tables(trx), { ...wanted, expiresAt: UNTIL_REVOKED }, now());
    },
    revoke: (trx, id) => revokeToken(tables(trx), id, now()),
  };
}
