import type { ScramKeys, ScramMechanism } from "../../../../core/scram.ts";
import type { Principal } from "../security.ts";

/** Somebody who has signed in on a connection. */
export interface SignedIn {
  readonly principal: Principal;
  /** When that ends, in milliseconds since 1970, as far as is known now: it may come to be earlier. */
  readonly endsAt: number;
  /** The connection is gone. */
  release(): void;
}

/** One attempt to sign in by SCRAM, whether there is such a user or not. */
export interface ScramAttempt {
  /** Made up where there is no such user; no proof fits them then. */
  readonly keys: ScramKeys;
  /**
   * Lets the proof be checked, unless there were too many attempts.
   * @returns undefined when it is wrong
   * @throws TooManyAttempts
   */
  settle(isRight: () => boolean): Promise<SignedIn | undefined>;
}

/** Where users and their secrets are. */
export interface Accounts {
  /**
   * @returns undefined for a wrong name or password, without telling which
   * @throws TooManyAttempts
   */
  byPassword(user: string, password: string, address: string): Promise<SignedIn | undefined>;
  byScram(mechanism: ScramMechanism, user: string, address: string): Promise<ScramAttempt>;
}

/** Attempts come too fast; the message is for the client. */
export class TooManyAttempts extends Error {}
