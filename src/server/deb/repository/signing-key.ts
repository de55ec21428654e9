import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { PrivateKey } from "openpgp";
import { configError } from "../../../core/errors.ts";
import { makeDurableDirectory, writeDurableFile } from "../../storage/durable.ts";

/** Signs what APT reads. */
export interface SigningKey {
  /** Upper-case hex. */
  readonly fingerprint: string;
  /** The public key, ASCII armoured. */
  readonly armored: string;
  /** The text with its signature around it, as `InRelease` is. */
  signInline(text: string): Promise<string>;
  /** A signature by itself, ASCII armoured, as `Release.gpg` is. */
  signDetached(text: string): Promise<string>;
}

const OWNER = { name: "plugctl package repository" };

/**
 * Opens the file of the private key (mode 0600), or makes it with a new key. It has no password: whoever can read the
 * data directory is the server.
 * @throws CONFIG when the file cannot be read or holds no private key.
 */
export async function openSigningKey(file: string, now: () => Date): Promise<SigningKey> {
  // Only servers with this module have a use for it.
  const openpgp = await import("openpgp");

  async function create(): Promise<string> {
    const { privateKey } = await openpgp.generateKey({
      // The form of Ed25519 that GnuPG 2.2 knows, which Debian 11 and 12 verify with.
      type: "ecc",
      curve: "ed25519Legacy",
      userIDs: [OWNER],
      subkeys: [],
      date: now(),
      format: "armored",
    });
    await makeDurableDirectory(dirname(file));
    await writeDurableFile(file, privateKey, 0o600);
    return privateKey;
  }

  const stored = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw configError(`the signing key ${file} cannot be read`, { cause: error });
  });
  const armoredPrivate = stored ?? (await create());
  const signingKeys: PrivateKey = await openpgp
    .readPrivateKey({ armoredKey: armoredPrivate })
    .catch((cause: unknown) => {
      throw configError(`${file} holds no private key`, { cause });
    });
  return {
    fingerprint: signingKeys.getFingerprint().toUpperCase(),
    armored: signingKeys.toPublic().armor(),
    async signInline(text) {
      const message = await openpgp.createCleartextMessage({ text });
      return openpgp.sign({ message, signingKeys, date: now() });
    },
    async signDetached(text) {
      const message = await openpgp.createMessage({ text });
      return openpgp.sign({ message, signingKeys, detached: true, date: now() });
    },
  };
}
