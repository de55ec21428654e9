import { createHmac, pbkdf2Sync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deriveScramKeys, SCRAM, type ScramMechanism, scramHash } from "../../../../../src/core/scram.ts";
import { MalformedError } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { ScramExchange } from "../../../../../src/server/kafka/broker/sasl/scram-exchange.ts";

/** The example of RFC 7677, section 3. */
const EXAMPLE = {
  password: "pencil",
  salt: Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"),
  iterations: 4096,
  serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  clientFirst: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
  serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  clientFinal:
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

const exampleKeys = (password = EXAMPLE.password) =>
  deriveScramKeys("SCRAM-SHA-256", password, { salt: EXAMPLE.salt, iterations: EXAMPLE.iterations });

function beginExample(): ScramExchange {
  const exchange = new ScramExchange("SCRAM-SHA-256", EXAMPLE.serverNonce);
  exchange.begin(Buffer.from(EXAMPLE.clientFirst));
  exchange.challenge(EXAMPLE);
  return exchange;
}

/** A client that follows the text of RFC 5802. */
function prove(mechanism: ScramMechanism, salted: Buffer, signed: string): string {
  const { hash } = SCRAM[mechanism];
  const clientKey = createHmac(hash, salted).update("Client Key").digest();
  const signature = createHmac(hash, scramHash(mechanism, clientKey)).update(signed).digest();
  return Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))).toString("base64");
}

describe("an exchange of SCRAM", () => {
  it("answers the messages of RFC 7677's example with its own", async () => {
    const keys = await exampleKeys();
    const exchange = new ScramExchange("SCRAM-SHA-256", EXAMPLE.serverNonce);
    expect(exchange.begin(Buffer.from(EXAMPLE.clientFirst))).toEqual({ user: "user", actFor: "" });
    expect(exchange.challenge(keys).toString()).toBe(EXAMPLE.serverFirst);
    expect(exchange.finish(Buffer.from(EXAMPLE.clientFinal), keys)?.toString()).toBe(EXAMPLE.serverFinal);
  });

  it("takes no proof of another password", async () => {
    const keys = await exampleKeys("pencils");
    expect(beginExample().finish(Buffer.from(EXAMPLE.clientFinal), keys)).toBeUndefined();
  });

  it.each(["SCRAM-SHA-256", "SCRAM-SHA-512"] as const)(
    "of %s goes well with any name and password, and adds a nonce of its own each time",
    async (mechanism) => {
      await fc.assert(
        fc.asyncProperty(
          fc.string({ minLength: 1, unit: "grapheme" }).filter((name) => !name.includes("\0")),
          fc.string({ minLength: 1, unit: "grapheme" }),
          async (user, password) => {
            const keys = await deriveScramKeys(mechanism, password, { iterations: 4096 });
            const bare = `n=${user.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=abc`;
            const exchange = new ScramExchange(mechanism);
            expect(exchange.begin(Buffer.from(`n,,${bare}`)).user).toBe(user);
            const challenge = exchange.challenge(keys).toString();
            const nonce = /r=([^,]+)/.exec(challenge)?.[1] ?? "";
            expect(nonce).toMatch(/^abc.{32}$/);
            const withoutProof = `c=biws,r=${nonce}`;
            const length = mechanism === "SCRAM-SHA-256" ? 32 : 64;
            const { hash } = SCRAM[mechanism];
            const salted = pbkdf2Sync(password.normalize("NFKC"), keys.salt, 4096, length, hash);
            const proof = prove(mechanism, salted, `${bare},${challenge},${withoutProof}`);
            expect(exchange.finish(Buffer.from(`${withoutProof},p=${proof}`), keys)).toBeDefined();
          },
        ),
        { numRuns: 10 },
      );
    },
  );

  it.each([
    ["nothing", ""],
    ["channel binding, which it does not offer", "p=tls-unique,,n=user,r=abc"],
    ["an extension that must be understood", "n,,m=x,n=user,r=abc"],
    ["no nonce", "n,,n=user"],
    ["a name with a stray =", "n,,n=us=er,r=abc"],
    ["bytes that are no text", "\xff\xfe"],
  ])("refuses a first message with %s", (_what, message) => {
    const exchange = new ScramExchange("SCRAM-SHA-256");
    expect(() => exchange.begin(Buffer.from(message, "latin1"))).toThrow(MalformedError);
  });

  it.each([
    ["another nonce", EXAMPLE.clientFinal.replace("k0", "k1")],
    ["the client's nonce alone", EXAMPLE.clientFinal.replace(EXAMPLE.serverNonce, "")],
    ["another header", EXAMPLE.clientFinal.replace("biws", "eSws")],
    ["no proof", EXAMPLE.clientFinal.replace(/,p=.*/, "")],
  ])("refuses a final message with %s", async (_what, message) => {
    const keys = await exampleKeys();
    expect(() => beginExample().finish(Buffer.from(message), keys)).toThrow(MalformedError);
  });

  it("takes a final message with the client's nonce twice, as librdkafka sends it", async () => {
    const keys = await exampleKeys();
    const exchange = beginExample();
    const withoutProof = EXAMPLE.clientFinal.replace(/,p=.*/, "").replace("r=", "r=rOprNGfwEbeRWgbNEkqO");
    const salted = pbkdf2Sync(EXAMPLE.password, EXAMPLE.salt, EXAMPLE.iterations, 32, "sha256");
    const signed = `${EXAMPLE.clientFirst.slice(3)},${EXAMPLE.serverFirst},${withoutProof}`;
    const message = `${withoutProof},p=${prove("SCRAM-SHA-256", salted, signed)}`;
    expect(exchange.finish(Buffer.from(message), keys)).toBeDefined();
  });

  it("takes a proof of another length for a wrong one", async () => {
    const short = EXAMPLE.clientFinal.replace(/p=.*/, "p=AAAA");
    expect(beginExample().finish(Buffer.from(short), await exampleKeys())).toBeUndefined();
  });

  it("never fails but as malformed, whatever comes", async () => {
    const keys = await exampleKeys();
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (first, final) => {
        const exchange = new ScramExchange("SCRAM-SHA-256");
        for (const step of [
          () => exchange.begin(Buffer.from(first)),
          () => exchange.finish(Buffer.from(final), keys),
        ]) {
          try {
            step();
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedError);
          }
        }
      }),
    );
  });
});
