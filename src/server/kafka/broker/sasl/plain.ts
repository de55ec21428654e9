import { MalformedError } from "../protocol/errors.ts";

/** What the one message of PLAIN says (RFC 4616). */
export interface PlainMessage {
  /** Whom the client wants to act for; itself when empty. */
  readonly actFor: string;
  readonly user: string;
  readonly password: string;
}

/** @throws MalformedError for what is no such message. */
export function parsePlain(message: Buffer): PlainMessage {
  const [actFor, user, password, ...rest] = message.toString("utf8").split("\0");
  if (actFor === undefined || !user || !password || rest.length > 0) {
    throw new MalformedError("the message of PLAIN is not name and password");
  }
  return { actFor, user, password };
}
