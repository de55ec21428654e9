import { SCRAM_MECHANISMS, type ScramMechanism } from "../../../../core/scram.ts";
import type { Clock } from "../clock.ts";
import { ErrorCode, MalformedError } from "../protocol/errors.ts";
import type {
  AuthenticationSession,
  AuthenticationStep,
  Authenticator,
  Peer,
  Principal,
} from "../security.ts";
import { type Accounts, type ScramAttempt, type SignedIn, TooManyAttempts } from "./accounts.ts";
import { parsePlain } from "./plain.ts";
import { ScramExchange } from "./scram-exchange.ts";

const MECHANISMS = ["PLAIN", ...SCRAM_MECHANISMS] as const;
type Mechanism = (typeof MECHANISMS)[number];

/** Milliseconds by which a refusal is put off, so that guessing takes its time. */
const REFUSAL_DELAY = 100;

/** Sessions that end sooner are announced, so that clients sign in again in time (KIP-368); some keep a timer of 31 bits. */
const LONGEST_ANNOUNCED = 24 * 60 * 60_000;

const NOTHING = Buffer.alloc(0);

export interface SaslSurroundings {
  readonly accounts: Accounts;
  readonly clock: Clock;
}

/** SASL with PLAIN and SCRAM (RFC 4616, 5802, 7677). */
export const saslAuthenticator = (around: SaslSurroundings): Authenticator => ({
  open: (peer) => new SaslSession(around, peer),
});

/** An exchange under way: the next token is its. */
type Exchange =
  | { readonly mechanism: "PLAIN" }
  | {
      readonly mechanism: ScramMechanism;
      readonly scram: ScramExchange;
      /** After the challenge. */
      attempt?: ScramAttempt;
    };

class SaslSession implements AuthenticationSession {
  readonly #around: SaslSurroundings;
  readonly #peer: Peer;
  #exchange: Exchange | undefined;
  #raw = false;
  #signedIn: SignedIn | undefined;
  #closed = false;

  constructor(around: SaslSurroundings, peer: Peer) {
    this.#around = around;
    this.#peer = peer;
  }

  get principal(): Principal | undefined {
    return this.#signedIn?.principal;
  }

  get endsAt(): number {
    return this.#signedIn?.endsAt ?? Number.POSITIVE_INFINITY;
  }

  get expectsRawToken(): boolean {
    return this.#raw;
  }

  handshake(mechanism: string, apiVersion: number) {
    const known = MECHANISMS.find((one) => one === mechanism);
    const errorCode =
      known === undefined
        ? ErrorCode.UNSUPPORTED_SASL_MECHANISM
        : this.#exchange === undefined && (apiVersion > 0 || this.#signedIn === undefined)
          ? ErrorCode.NONE
          : ErrorCode.ILLEGAL_SASL_STATE;
    if (known !== undefined && errorCode === ErrorCode.NONE) {
      this.#exchange = begin(known);
      this.#raw = apiVersion === 0;
    }
    return { errorCode, mechanisms: MECHANISMS };
  }

  async authenticate(token: Buffer): Promise<AuthenticationStep> {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      return refusal(ErrorCode.ILLEGAL_SASL_STATE, "SaslHandshake has to come first");
    }
    try {
      const step =
        exchange.mechanism === "PLAIN" ? await this.#plain(token) : await this.#scram(exchange, token);
      if (step !== undefined) return step;
      return await this.#refuse(`authentication by ${exchange.mechanism} failed: wrong name or password`);
    } catch (error) {
      if (error instanceof MalformedError || error instanceof TooManyAttempts) {
        return this.#refuse(error.message);
      }
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#signedIn?.release();
  }

  async #plain(token: Buffer): Promise<AuthenticationStep | undefined> {
    const { actFor, user, password } = parsePlain(token);
    refuseActingFor(actFor, user);
    const signedIn = await this.#around.accounts.byPassword(user, password, this.#peer.address);
    return signedIn && this.#complete(signedIn, NOTHING);
  }

  async #scram(
    exchange: Exclude<Exchange, { mechanism: "PLAIN" }>,
    token: Buffer,
  ): Promise<AuthenticationStep | undefined> {
    const { mechanism, scram, attempt } = exchange;
    if (attempt === undefined) {
      const { user, actFor } = scram.begin(token);
      refuseActingFor(actFor, user);
      exchange.attempt = await this.#around.accounts.byScram(mechanism, user, this.#peer.address);
      return accepted(scram.challenge(exchange.attempt.keys), 0);
    }
    let proof: Buffer | undefined;
    const signedIn = await attempt.settle(() => {
      proof = scram.finish(token, attempt.keys);
      return proof !== undefined;
    });
    return signedIn && this.#complete(signedIn, proof ?? NOTHING);
  }

  /** Who signs in again stays who they are: what the connection does meanwhile is theirs. */
  #complete(signedIn: SignedIn, token: Buffer): AuthenticationStep | undefined {
    const before = this.#signedIn;
    if (this.#closed || (before !== undefined && before.principal.name !== signedIn.principal.name)) {
      signedIn.release();
      return undefined;
    }
    before?.release();
    this.#signedIn = signedIn;
    this.#exchange = undefined;
    this.#raw = false;
    const left = signedIn.endsAt - this.#around.clock.now();
    return accepted(token, left <= LONGEST_ANNOUNCED ? Math.max(1, Math.floor(left)) : 0);
  }

  async #refuse(message: string): Promise<AuthenticationStep> {
    this.#exchange = undefined;
    await new Promise<void>((resolve) => this.#around.clock.after(REFUSAL_DELAY, resolve));
    return refusal(ErrorCode.SASL_AUTHENTICATION_FAILED, message);
  }
}

const begin = (mechanism: Mechanism): Exchange =>
  mechanism === "PLAIN" ? { mechanism } : { mechanism, scram: new ScramExchange(mechanism) };

function refuseActingFor(actFor: string, user: string): void {
  if (actFor !== "" && actFor !== user) throw new MalformedError("nobody may act for another user");
}

const accepted = (token: Buffer, sessionLifetimeMs: number): AuthenticationStep => ({
  errorCode: ErrorCode.NONE,
  errorMessage: null,
  token,
  sessionLifetimeMs,
});

const refusal = (errorCode: ErrorCode, errorMessage: string): AuthenticationStep => ({
  errorCode,
  errorMessage,
  token: NOTHING,
  sessionLifetimeMs: 0,
});
