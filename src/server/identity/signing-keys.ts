import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import {
  type CryptoKey,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from "jose";
import { z } from "zod";
import { makeDurableDirectory, writeDurableFile } from "../storage/durable.ts";

const ALGORITHM = "EdDSA";
const ISSUER = "plugctl";
/** How long an access token is good, in seconds. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;

const jwkSchema = z.object({
  kty: z.literal("OKP"),
  crv: z.string(),
  x: z.string(),
  d: z.string().optional(),
});
const keyFileSchema = z.object({
  keys: z
    .array(
      z.object({
        kid: z.string(),
        createdAt: z.iso.datetime(),
        /** Since when it signs no more; its private part is gone then. */
        retiredAt: z.iso.datetime().nullable(),
        jwk: jwkSchema,
      }),
    )
    .min(1),
});
type StoredKey = z.infer<typeof keyFileSchema>["keys"][number];

export interface SigningKeys {
  /** Signs claims for `ACCESS_TOKEN_SECONDS`. */
  sign(claims: JWTPayload): Promise<string>;
  /** The claims. @throws jose's errors when the token is malformed, expired, or signed by no key of ours. */
  verify(jwt: string): Promise<JWTPayload>;
  /** Public keys, retired ones included while tokens that they signed are good. */
  jwks(): JSONWebKeySet;
  /** Makes a new key the one that signs. Returns its id. */
  rotate(): Promise<string>;
}

async function createKey(now: Date): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = jwkSchema.parse(await exportJWK(privateKey));
  return { kid: randomBytes(9).toString("base64url"), createdAt: now.toISOString(), retiredAt: null, jwk };
}

function toPublicJwk({ kid, jwk: { d: _private, ...jwk } }: StoredKey): JWK {
  return { ...jwk, kid, alg: ALGORITHM, use: "sig" };
}

async function readKeys(file: string): Promise<StoredKey[] | undefined> {
  try {
    return keyFileSchema.parse(JSON.parse(await readFile(file, "utf8"))).keys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`the signing keys in ${file} cannot be read`, { cause: error });
  }
}

/** Opens the file of signing keys (mode 0600), or makes it with a first key. */
export async function openSigningKeys(file: string, now: () => Date): Promise<SigningKeys> {
  let keys: StoredKey[] = [];
  let signer: { kid: string; key: CryptoKey | Uint8Array };
  let lookup: ReturnType<typeof createLocalJWKSet>;

  async function use(next: StoredKey[]): Promise<void> {
    const active = next.find((key) => key.retiredAt === null);
    const d = active?.jwk.d;
    if (active === undefined || d === undefined) throw new Error(`no key in ${file} can sign`);
    signer = { kid: active.kid, key: await importJWK({ ...active.jwk, d }, ALGORITHM) };
    lookup = createLocalJWKSet({ keys: next.map(toPublicJwk) });
    keys = next;
  }

  async function save(next: StoredKey[]): Promise<void> {
    await writeDurableFile(file, `${JSON.stringify({ keys: next }, null, 2)}\n`, 0o600);
    await use(next);
  }

  function retire({ kid, createdAt, retiredAt, jwk: { d: _private, ...jwk } }: StoredKey): StoredKey {
    return { kid, createdAt, retiredAt: retiredAt ?? now().toISOString(), jwk };
  }

  const stillNeeded = ({ retiredAt }: StoredKey) =>
    retiredAt === null || Date.parse(retiredAt) + ACCESS_TOKEN_SECONDS * 1000 > now().getTime();

  await makeDurableDirectory(dirname(file));
  const stored = await readKeys(file);
  if (stored) await use(stored);
  else await save([await createKey(now())]);

  return {
    sign: (claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: ALGORITHM, kid: signer.kid, typ: "at+jwt" })
        .setIssuer(ISSUER)
        .setAudience(ISSUER)
        .setIssuedAt(now())
        .setExpirationTime(new Date(now().getTime() + ACCESS_TOKEN_SECONDS * 1000))
        .sign(signer.key),
    async verify(jwt) {
      const { payload } = await jwtVerify(jwt, lookup, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: ISSUER,
        typ: "at+jwt",
        requiredClaims: ["sub", "sid", "exp"],
        currentDate: now(),
      });
      return payload;
    },
    jwks: () => ({ keys: keys.filter(stillNeeded).map(toPublicJwk) }),
    async rotate() {
      const fresh = await createKey(now());
      await save([fresh, ...keys.map(retire).filter(stillNeeded)]);
      return fresh.kid;
    },
  };
}
