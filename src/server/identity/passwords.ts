import { createHmac, randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { LRUCache } from "lru-cache";
import { verifyPassword } from "./password.ts";
import { addMissingScramKeys } from "./scram-keys.ts";
import type { IdentityTables } from "./tables.ts";
import type { LoginThrottle } from "./throttle.ts";

const REMEMBERED_MS = 5 * 60_000;

export interface PasswordCheck {
  /**
   * The user's id when the password is right and the user active.
   * @throws Problem 429 when there were too many attempts.
   */
  check(login: string, password: string, address: string): Promise<string | undefined>;
}

export interface PasswordCheckDependencies {
  db: Kysely<IdentityTables>;
  throttle: LoginThrottle;
  /** Whether users sign in by SCRAM: keys for it are made when a right password comes by that has none. */
  scram: boolean;
}

/**
 * Checks passwords. A client that sends one with every request would cost 128 MiB and a quarter of a second each
 * time, so a right one is remembered for minutes: as a keyed digest with a key that only this process has, and only
 * as long as the stored hash is the same.
 */
export function createPasswordCheck({ db, throttle, scram }: PasswordCheckDependencies): PasswordCheck {
  const secret = randomBytes(32);
  const remembered = new LRUCache<string, true>({ max: 1000, ttl: REMEMBERED_MS });
  /** Equal checks that run at the same time are one. */
  const running = new Map<string, Promise<boolean>>();

  async function verify(login: string, password: string, stored: string | undefined, address: string) {
    throttle.begin(login, address);
    const right = await verifyPassword(password, stored);
    if (right) throttle.succeeded(login, address);
    return right;
  }

  return {
    async check(login, password, address) {
      const user = await db
        .selectFrom("user")
        .select(["id", "password", "state"])
        .where("login", "=", login)
        .executeTakeFirst();
      const stored = user?.state === "active" ? user.password : undefined;
      const key = createHmac("sha256", secret)
        .update(JSON.stringify([login, password, stored ?? "", address]))
        .digest("base64");
      if (!remembered.has(key)) {
        let check = running.get(key);
        if (check === undefined) {
          check = verify(login, password, stored, address).finally(() => running.delete(key));
          running.set(key, check);
        }
        if (!(await check) || user === undefined) return undefined;
        if (scram) await addMissingScramKeys(db, { id: user.id, hash: user.password }, password);
        remembered.set(key, true);
      }
      return user?.id;
    },
  };
}
