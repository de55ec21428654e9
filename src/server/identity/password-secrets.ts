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
export async function makePasswordSecrets(password: string): Promise<PasswordSecrets> {
  const [hash, scram] = await Promise.all([hashPassword(password), makeScramSecrets(password)]);
  return { hash, scram };
}

export async function makeScramSecrets(password: string): Promise<ScramSecrets> {
  const derived = SCRAM_MECHANISMS.map(
    async (mechanism) => [mechanism, await deriveScramKeys(mechanism, password)] as const,
  );
  return new Map(await Promise.all(derived));
}
