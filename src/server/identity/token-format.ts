import { createHash, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TOKEN = /^(plc_([0-9A-Za-z]{8})_[0-9A-Za-z]{32})([0-9A-Za-z]{6})$/;

export const TOKEN_PREFIX = "plc_";

const randomBase62 = (length: number) =>
  Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = "";
  for (let place = 0; place < 6; place++) {
    digits = `${ALPHABET[rest % 62]}${digits}`;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

export const hashSecret = (secret: string) => createHash("sha256").update(secret).digest("hex");

/** A new token: `plc_` + public id + `_` + secret + checksum (discovery-store spec, section 3.6). */
export function generateToken(): { id: string; token: string; hash: string } {
  const id = randomBase62(8);
  const body = `${TOKEN_PREFIX}${id}_${randomBase62(32)}`;
  const token = body + checksum(body);
  return { id, token, hash: hashSecret(token) };
}

/** The public id of a well-formed token; undefined for one that was mistyped or cut, without asking the database. */
export function parseToken(token: string): { id: string } | undefined {
  const [, body, id, sum] = TOKEN.exec(token) ?? [];
  if (body === undefined || id === undefined || sum !== checksum(body)) return undefined;
  return { id };
}

/** 24 characters, about 142 bits: for passwords that the server makes up. */
export const generatePassword = () => randomBase62(24);

/** A secret for refresh tokens, about 256 bits. */
export const generateSecret = () => randomBase62(43);
