import { deriveScramKeys, SCRAM_MECHANISMS, type ScramKeys, type ScramMechanism } from "../../core/scram.ts";
import { hashPassword } from "./password.ts";

/** All that is kept of a password. */
export interface PasswordSecrets {
  /** As `verifyPassword` takes it. */
  readonly hash: string;
  readonly scram: ScramSecrets;
}

export type ScramSecrets = ReadonlyMap<ScramMechanism, ScramKeys>;

/** What is kept of a new password. @throws Problem 429 when too many are made at once. */
export type MakePasswordSecrets = (password: string) => Promise<PasswordSecrets>;

/**
 * @param scram whether users sign in by SCRAM. What that takes is quicker to guess passwords from than their hash, should the
 * database be stolen; so without need it is not kept.
 */
export const passwordSecretsMaker =
  (scram: boolean): MakePasswordSecrets =>
  async (password) => ({
    hash: await hashPassword(password),
    scram: scram ? await makeScramSecrets(password) : new Map(),
  });

export async function makeScramSecrets(password: string): Promise<ScramSecrets> {
  const derived = SCRAM_MECHANISMS.map(
    async (mechanism) => [mechanism, await deriveScramKeys(mechanism, password)] as const,
  );
  return new Map(await Promise.all(derived));
}
