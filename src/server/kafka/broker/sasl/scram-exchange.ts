import { randomBytes, timingSafeEqual } from "node:crypto";
import { type ScramKeys, type ScramMechanism, scramHash, scramHmac } from "../../../../core/scram.ts";
import { MalformedError } from "../protocol/errors.ts";

/** A header without channel binding, and perhaps the name of somebody to act for; then name, nonce and extensions. */
const CLIENT_FIRST =
  /^([ny],(?:a=([^,]*))?,)(n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,[a-zA-Z]=[^,]*|,[a-z]+=[^,]*)*)$/s;
const CLIENT_FINAL =
  /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[a-zA-Z]=[^,]*)*),p=([A-Za-z0-9+/]+={0,2})$/s;

/** What the first message of a client says. */
export interface ClientFirst {
  readonly user: string;
  /** Whom the client wants to act for; itself when empty. */
  readonly actFor: string;
}

/**
 * The server's side of one exchange of RFC 5802: first message, challenge, proof. It holds the messages, since the proof is
 * over all of them; it knows no users.
 */
export class ScramExchange {
  readonly #mechanism: ScramMechanism;
  readonly #serverNonce: string;
  #header = "";
  #clientFirst = "";
  #clientNonce = "";
  #serverFirst = "";

  /** @param serverNonce of printable characters without a comma; anew for each exchange */
  constructor(mechanism: ScramMechanism, serverNonce = randomBytes(24).toString("base64")) {
    this.#mechanism = mechanism;
    this.#serverNonce = serverNonce;
  }

  /** Reads the first message. @throws MalformedError for what is none. */
  begin(message: Buffer): ClientFirst {
    const found = CLIENT_FIRST.exec(message.toString("utf8"));
    if (found === null) throw new MalformedError("the client's first message is not that of SCRAM");
    const [, header = "", actFor = "", bare = "", user = "", nonce = ""] = found;
    this.#header = header;
    this.#clientFirst = bare;
    this.#clientNonce = nonce;
    return { user: unescapeName(user), actFor: unescapeName(actFor) };
  }

  /** The answer to the first message. */
  challenge({ salt, iterations }: Pick<ScramKeys, "salt" | "iterations">): Buffer {
    const nonce = this.#clientNonce + this.#serverNonce;
    this.#serverFirst = `r=${nonce},s=${salt.toString("base64")},i=${iterations}`;
    return Buffer.from(this.#serverFirst);
  }

  /**
   * Checks the client's proof.
   * @returns the server's own proof, or undefined when the client's is wrong.
   * @throws MalformedError for a message that is none of this exchange.
   */
  finish(message: Buffer, { storedKey, serverKey }: ScramKeys): Buffer | undefined {
    const [, withoutProof = "", binding = "", nonce = "", proofText = ""] =
      CLIENT_FINAL.exec(message.toString("utf8")) ?? [];
    const sameHeader = Buffer.from(binding, "base64").toString("utf8") === this.#header;
    // librdkafka before 2.6 puts its own nonce before both; the server's alone makes the exchange a new one, as Apache Kafka sees it.
    if (withoutProof === "" || !sameHeader || !nonce.endsWith(this.#serverNonce)) {
      throw new MalformedError("the client's final message does not belong to this SCRAM exchange");
    }
    const signed = `${this.#clientFirst},${this.#serverFirst},${withoutProof}`;
    const signature = scramHmac(this.#mechanism, storedKey, signed);
    const proof = Buffer.from(proofText, "base64");
    if (proof.length !== signature.length) return undefined;
    const clientKey = Buffer.from(proof.map((byte, index) => byte ^ (signature[index] ?? 0)));
    if (!timingSafeEqual(scramHash(this.#mechanism, clientKey), storedKey)) return undefined;
    return Buffer.from(`v=${scramHmac(this.#mechanism, serverKey, signed).toString("base64")}`);
  }
}

/** @throws MalformedError for a `=` that escapes nothing. */
function unescapeName(name: string): string {
  if (/=(?!2C|3D)/.test(name)) throw new MalformedError("a name in SCRAM has a stray =");
  return name.replaceAll("=2C", ",").replaceAll("=3D", "=");
}
