import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { Problem } from "../http/problem.ts";

const COST = { N: 2 ** 17, r: 8, p: 1 };
const KEY_BYTES = 32;
/** scrypt needs 128·N·r bytes (128 MiB); Node refuses unless told. */
const MAX_MEMORY = 160 * 1024 * 1024;
/** Each takes 128 MiB and a thread of the pool that file access shares. */
const AT_ONCE = 2;
const MAX_WAITING = 40;

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

let active = 0;
const waiting: (() => void)[] = [];

/** Runs the work when fewer than `AT_ONCE` run. @throws Problem 429 when too many wait already. */
async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (active >= AT_ONCE) {
    if (waiting.length >= MAX_WAITING) {
      throw new Problem(429, "rate_limited", "too many logins at once", { headers: { "retry-after": "10" } });
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else active++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else active--;
  }
}

// Equal text in another Unicode form is the same password to its owner.
const key = (password: string, salt: Buffer, cost: typeof COST) =>
  inTurn(() => derive(password.normalize("NFKC"), salt, KEY_BYTES, { ...cost, maxmem: MAX_MEMORY }));

/** `scrypt$N$r$p$salt$key`, the last two base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const { N, r, p } = COST;
  const hash = await key(password, salt, COST);
  return ["scrypt", N, r, p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

/** A hash that no password fits: verifying against it costs the same as against a real one. */
const NOBODY = ["scrypt", COST.N, COST.r, COST.p, Buffer.alloc(16).toString("base64url"), ""].join("$");

/** Compares in constant time; `undefined` (no such user) costs as much as a wrong password. */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [, N, r, p, salt = "", hash = ""] = (stored ?? NOBODY).split("$");
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const found = await key(password, Buffer.from(salt, "base64url"), cost);
  const expected = Buffer.from(hash, "base64url");
  return expected.length === found.length && timingSafeEqual(expected, found);
}
