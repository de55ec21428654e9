import { describe, expect, it } from "vitest";
import { deriveScramKeys } from "../../../../../src/core/scram.ts";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import {
  type Accounts,
  type SignedIn,
  TooManyAttempts,
} from "../../../../../src/server/kafka/broker/sasl/accounts.ts";
import { saslAuthenticator } from "../../../../../src/server/kafka/broker/sasl/sasl-session.ts";
import { SimulatedClock } from "../../../../helpers/simulated-clock.ts";

const HOUR = 60 * 60_000;
const plain = (user: string, password = "secret", actFor = "") =>
  Buffer.from([actFor, user, password].join("\0"));

/** Everybody's password is `secret`; whoever is called `fast` tries too often. */
function makeSession({ lasts = Number.POSITIVE_INFINITY } = {}) {
  const clock = new SimulatedClock();
  const released: string[] = [];
  const signIn = (name: string): SignedIn => ({
    principal: { name },
    endsAt: clock.now() + lasts,
    release: () => released.push(name),
  });
  const accounts: Accounts = {
    async byPassword(user, password) {
      if (user === "fast") throw new TooManyAttempts("try again in 30 s");
      return password === "secret" ? signIn(user) : undefined;
    },
    byScram: async (mechanism, user) => ({
      keys: await deriveScramKeys(mechanism, "secret", { iterations: 4096 }),
      settle: async (isRight) => (isRight() ? signIn(user) : undefined),
    }),
  };
  const peer = { address: "127.0.0.1", listener: "SASL_PLAINTEXT", encrypted: false };
  const session = saslAuthenticator({ accounts, clock }).open(peer);
  return { clock, session, released };
}

type Session = ReturnType<typeof makeSession>;

/** The answer to a token that is refused, which takes its time. */
async function refused({ clock, session }: Session, token: Buffer) {
  const answer = session.authenticate(token);
  while (clock.pending === 0) await Promise.resolve();
  clock.advance(99);
  await expect(Promise.race([answer, "nothing yet"])).resolves.toBe("nothing yet");
  clock.advance(1);
  return answer;
}

describe("a session of SASL", () => {
  it("has a principal when the token is right, and none before", async () => {
    const { session } = makeSession();
    expect(session.handshake("PLAIN", 1)).toEqual({
      errorCode: ErrorCode.NONE,
      mechanisms: ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
    });
    expect(session.principal).toBeUndefined();
    expect(await session.authenticate(plain("ann"))).toMatchObject({ errorCode: 0, sessionLifetimeMs: 0 });
    expect(session.principal).toEqual({ name: "ann" });
  });

  it("refuses a wrong password after a while, in words that do not tell whether there is such a user", async () => {
    const made = makeSession();
    made.session.handshake("PLAIN", 1);
    expect(await refused(made, plain("ann", "wrong"))).toEqual({
      errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
      errorMessage: "authentication by PLAIN failed: wrong name or password",
      token: Buffer.alloc(0),
      sessionLifetimeMs: 0,
    });
    expect(made.session.principal).toBeUndefined();
  });

  it.each([
    ["too many attempts", plain("fast"), "try again in 30 s"],
    ["acting for another user", plain("ann", "secret", "bob"), "nobody may act for another user"],
    ["no password", plain("ann", ""), "the message of PLAIN is not name and password"],
    ["no message of PLAIN", Buffer.from("ann"), "the message of PLAIN is not name and password"],
  ])("refuses %s", async (_what, token, errorMessage) => {
    const made = makeSession();
    made.session.handshake("PLAIN", 1);
    expect(await refused(made, token)).toMatchObject({
      errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
      errorMessage,
    });
  });

  it("takes tokens only after a handshake, one exchange at a time, and bare ones after version 0", async () => {
    const { session } = makeSession();
    expect(await session.authenticate(plain("ann"))).toMatchObject({
      errorCode: ErrorCode.ILLEGAL_SASL_STATE,
    });
    expect(session.handshake("GSSAPI", 1).errorCode).toBe(ErrorCode.UNSUPPORTED_SASL_MECHANISM);
    session.handshake("PLAIN", 0);
    expect(session.expectsRawToken).toBe(true);
    expect(session.handshake("PLAIN", 1).errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE);
    await session.authenticate(plain("ann"));
    expect(session.expectsRawToken).toBe(false);
    expect(session.handshake("PLAIN", 0).errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE);
  });

  it("tells how long it lasts in its last day, when clients begin to care", async () => {
    for (const [lasts, told] of [
      [23 * HOUR, 23 * HOUR],
      [25 * HOUR, 0],
    ]) {
      const { session, clock } = makeSession({ lasts: lasts ?? 0 });
      session.handshake("PLAIN", 1);
      expect(await session.authenticate(plain("ann"))).toMatchObject({ sessionLifetimeMs: told });
      expect(session.endsAt).toBe(clock.now() + (lasts ?? 0));
    }
  });

  it("goes on as the same user who signs in again, and lets go of the sign-in before", async () => {
    const made = makeSession();
    const { session, released } = made;
    session.handshake("PLAIN", 1);
    await session.authenticate(plain("ann"));
    session.handshake("PLAIN", 1);
    expect(session.principal).toEqual({ name: "ann" });
    expect(await session.authenticate(plain("ann"))).toMatchObject({ errorCode: 0 });
    expect(released).toEqual(["ann"]);
    session.handshake("PLAIN", 1);
    expect(await refused(made, plain("bob"))).toMatchObject({
      errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
    });
    expect(released).toEqual(["ann", "bob"]);
    session.close();
    expect(released).toEqual(["ann", "bob", "ann"]);
  });

  it("keeps nobody signed in whose connection went away meanwhile", async () => {
    const made = makeSession();
    made.session.handshake("PLAIN", 1);
    made.session.close();
    await refused(made, plain("ann"));
    expect(made.session.principal).toBeUndefined();
    expect(made.released).toEqual(["ann"]);
  });
});
