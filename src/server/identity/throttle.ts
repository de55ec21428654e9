import { LRUCache } from "lru-cache";
import { Problem } from "../http/problem.ts";

const WINDOW_MS = 15 * 60_000;
const FIRST_WAIT_MS = 30_000;
const MAX_WAIT_MS = 15 * 60_000;
const FREE_PER_LOGIN = 5;
const FREE_PER_ADDRESS = 50;

interface Attempts {
  count: number;
  blockedUntil: number;
}

export interface LoginThrottle {
  /** Counts an attempt before it is made, so that many at once count too. @throws Problem 429 with Retry-After. */
  begin(login: string, address: string): void;
  /** Takes the attempt of somebody who got in back. */
  succeeded(login: string, address: string): void;
}

/**
 * Slows guessing down: after 5 attempts on one login from one address, or 50 on any from one address, each further
 * one doubles the wait from 30 s to 15 min. In memory: a restart forgets.
 */
export function createLoginThrottle(now: () => Date): LoginThrottle {
  const attempts = new LRUCache<string, Attempts>({ max: 20_000 });

  function current(key: string): Attempts {
    const known = attempts.get(key);
    const expired = known !== undefined && known.blockedUntil + WINDOW_MS < now().getTime();
    return known === undefined || expired ? { count: 0, blockedUntil: 0 } : known;
  }

  function refuseBlocked({ blockedUntil }: Attempts): void {
    const waitMs = blockedUntil - now().getTime();
    if (waitMs <= 0) return;
    const seconds = Math.ceil(waitMs / 1000);
    throw new Problem(429, "rate_limited", `too many failed logins; try again in ${seconds} s`, {
      headers: { "retry-after": String(seconds) },
    });
  }

  function count(key: string, known: Attempts, free: number): void {
    const count = known.count + 1;
    const wait = count < free ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (count - free), MAX_WAIT_MS);
    attempts.set(key, { count, blockedUntil: now().getTime() + wait });
  }

  return {
    begin(login, address) {
      const onLogin = `${address} ${login}`;
      const [byLogin, byAddress] = [current(onLogin), current(address)];
      refuseBlocked(byLogin);
      refuseBlocked(byAddress);
      count(onLogin, byLogin, FREE_PER_LOGIN);
      count(address, byAddress, FREE_PER_ADDRESS);
    },
    succeeded(login, address) {
      attempts.delete(`${address} ${login}`);
      // One's own login must not wipe out what was tried on others from the same address.
      const byAddress = current(address);
      attempts.set(address, { count: Math.max(0, byAddress.count - 1), blockedUntil: now().getTime() });
    },
  };
}
