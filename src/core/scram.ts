import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

/**
 * The mechanisms of RFC 5802 and 7677 that Kafka's clients speak, with their hash and the rounds for new keys: the most that
 * Apache Kafka allows, since clients, some of them slow at it, go through them at every connection.
 */
export const SCRAM = {
  "SCRAM-SHA-256": { hash: "sha256", iterations: 16_384 },
  "SCRAM-SHA-512": { hash: "sha512", iterations: 16_384 },
} as const;
export type ScramMechanism = keyof typeof SCRAM;

export const SCRAM_MECHANISMS = Object.keys(SCRAM) as ScramMechanism[];

/** What a server keeps of a password: enough to check a proof of it, not enough to make one. */
export interface ScramKeys {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

const SALT_BYTES = 16;

const derive = promisify(pbkdf2);

/** An HMAC with the mechanism's hash. */
export const scramHmac = (mechanism: ScramMechanism, key: Buffer, text: string): Buffer =>
  createHmac(SCRAM[mechanism].hash, key).update(text).digest();

/** The mechanism's hash. */
export const scramHash = (mechanism: ScramMechanism, data: Buffer): Buffer =>
  createHash(SCRAM[mechanism].hash).update(data).digest();

/** The keys of a password (RFC 5802, section 3), with a new salt unless one is given. */
export async function deriveScramKeys(
  mechanism: ScramMechanism,
  password: string,
  {
    salt = randomBytes(SALT_BYTES),
    iterations = SCRAM[mechanism].iterations,
  }: { salt?: Buffer; iterations?: number } = {},
): Promise<ScramKeys> {
  const { hash } = SCRAM[mechanism];
  const length = hash === "sha256" ? 32 : 64;
  // Clients that prepare a password at all do it by SASLprep, whose core is NFKC.
  const salted = await derive(password.normalize("NFKC"), salt, iterations, length, hash);
  const clientKey = scramHmac(mechanism, salted, "Client Key");
  return {
    salt,
    iterations,
    storedKey: scramHash(mechanism, clientKey),
    serverKey: scramHmac(mechanism, salted, "Server Key"),
  };
}
