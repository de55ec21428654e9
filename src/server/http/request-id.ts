import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

const SANE = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/;

/** Ids for requests: the caller's own `x-request-id` if it is a short plain token, otherwise a fresh one. */
export function createRequestIds(): (request: Pick<IncomingMessage, "headers">) => string {
  const prefix = randomBytes(6).toString("base64url").replaceAll(/[-_]/g, "0");
  let count = 0;
  return ({ headers }) => {
    const given = headers["x-request-id"];
    if (typeof given === "string" && SANE.test(given)) return given;
    return `${prefix}-${(++count).toString(36).padStart(6, "0")}`;
  };
}
