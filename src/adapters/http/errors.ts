import { type ErrorCode, isPlugctlError, PlugctlError } from "../../core/errors.ts";
import { type ProblemBody, problemSchema, thingerErrorSchema, wazoErrorSchema } from "./schema.ts";

/** What an error says of the call that it ended. */
export interface CallContext {
  target: string;
  method: string;
  /** As it may be shown: no secret in it. */
  url: string;
  /** Host and port, or the path of the socket. */
  address: string;
  /** The endpoint is on this machine. */
  local: boolean;
  credential: "sent" | "absent" | "unwanted";
}

const UNKNOWN_AUTHORITY = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
]);

/** Turns a failure below HTTP into UNAVAILABLE, TIMEOUT or BACKEND; what is none comes back as it is. */
export function transportError(thrown: unknown, call: CallContext): unknown {
  if (isPlugctlError(thrown)) return thrown;
  const reason = systemCode(thrown);
  if (reason === undefined) return thrown;
  const { target, address } = call;
  const failed = (code: ErrorCode, message: string, hint?: string) =>
    new PlugctlError(code, `target "${target}": ${message}`, {
      hint,
      cause: thrown,
      details: { target, address, reason },
    });
  const start = call.local
    ? '"plugctl serve" starts a server on this machine'
    : `"plugctl target test ${target}" tries again`;
  switch (reason) {
    case "ECONNREFUSED":
      return failed("UNAVAILABLE", `nothing listens at ${address}`, start);
    case "ENOENT":
      return failed("UNAVAILABLE", `there is no socket ${address}`, start);
    case "EACCES":
      return failed("UNAVAILABLE", `this user may not open ${address}`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return failed("UNAVAILABLE", `the host name of ${address} is not known`, "check the target's URL");
    case "ETIMEDOUT":
    case "UND_ERR_CONNECT_TIMEOUT":
      return failed("TIMEOUT", `no connection to ${address} in time`, "--timeout gives it longer");
    case "ECONNRESET":
    case "EPIPE":
    case "UND_ERR_SOCKET":
      return failed("UNAVAILABLE", `${address} closed the connection`);
  }
  if (UNKNOWN_AUTHORITY.has(reason)) {
    return failed(
      "UNAVAILABLE",
      `the certificate of ${address} is signed by an unknown authority`,
      'give its PEM file to "plugctl target add" with --ca',
    );
  }
  if (/^(?:CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_)/.test(reason)) {
    return failed("UNAVAILABLE", `no trusted connection to ${address} (${reason})`, "check the target's URL");
  }
  if (reason.startsWith("HPE_")) {
    return failed(
      "BACKEND",
      `${address} does not speak HTTP`,
      "check the scheme and port of the target's URL",
    );
  }
  if (/^E[A-Z]+$|^UND_ERR_(?!INVALID)/.test(reason)) {
    return failed("UNAVAILABLE", `the connection to ${address} failed (${reason})`);
  }
  return thrown;
}

/** The code that says what went wrong: often that of the cause, for dual-stack hosts that of the first attempt. */
function systemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const own = "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
  return (own === "UND_ERR_SOCKET" ? systemCode(thrown.cause) : undefined) ?? own ?? systemCode(thrown.cause);
}

/** What an answer other than 2xx means. */
export function statusError(
  answer: { status: number; text: string; retryAfter: string | undefined; location: string | undefined },
  call: CallContext,
): PlugctlError {
  const { status } = answer;
  const problem = parseProblem(answer.text);
  const retryAfterSeconds = parseRetryAfter(answer.retryAfter);
  const { title, detail, requestId, errors, code, type: _type, status: _status, ...extra } = problem ?? {};
  const { message, hint } = describe(status, detail ?? title, { retryAfterSeconds, code, ...answer }, call);
  return new PlugctlError(taxonomyCode(status, code), message, {
    hint,
    details: {
      ...extra,
      target: call.target,
      status,
      ...(code === undefined ? {} : { code }),
      ...(requestId === undefined ? {} : { requestId }),
      ...(errors === undefined || errors.length === 0 ? {} : { errors: errors.map(harmless) }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  });
}

function taxonomyCode(status: number, code: string | undefined): ErrorCode {
  if (code === "digest_mismatch") return "VERIFICATION";
  switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
      return "INVALID";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "FORBIDDEN";
    case 404:
    case 410:
      return "NOT_FOUND";
    case 408:
      return "TIMEOUT";
    case 409:
    case 412:
      return "CONFLICT";
    case 429:
    case 502:
    case 503:
    case 504:
      return "UNAVAILABLE";
    default:
      return "BACKEND";
  }
}

function describe(
  status: number,
  said: string | undefined,
  answer: { code: string | undefined; retryAfterSeconds: number | undefined; location: string | undefined },
  { target, method, url, credential }: CallContext,
): { message: string; hint?: string | undefined } {
  const text = said === undefined ? undefined : oneLine(said);
  const message = text ?? `${method} ${url} was answered with status ${status}`;
  if (status >= 300 && status < 400) {
    const place = answer.location === undefined ? "" : ` to ${oneLine(answer.location)}`;
    return {
      message: `${method} ${url} is redirected${place}, and redirects are not followed`,
      hint: "set the target's URL to the final address",
    };
  }
  if (status === 401 && credential === "absent") {
    return { message: `target "${target}" asks for a credential`, hint: `plugctl login -t ${target}` };
  }
  if (status === 401 && credential === "sent") {
    return {
      message: `target "${target}" refuses the credential: ${message}`,
      hint: `sign in again with plugctl login -t ${target}, or correct PLUGCTL_TOKEN where it is set`,
    };
  }
  const wait = answer.retryAfterSeconds;
  if (wait !== undefined && (status === 429 || status === 503)) {
    return { message: `${message} (wait ${wait} s)`, hint: `try again in ${wait} s` };
  }
  return { message };
}

function parseProblem(text: string): ProblemBody | undefined {
  try {
    const body: unknown = JSON.parse(text);
    const thinger = thingerErrorSchema.safeParse(body);
    if (thinger.success) return { detail: thinger.data.error.message, code: thinger.data.error.code };
    const wazo = wazoErrorSchema.safeParse(body);
    if (wazo.success) {
      const { message, error_id: code, details } = wazo.data;
      return { detail: message, code, ...(details === undefined ? {} : { wazo: details }) };
    }
    const parsed = problemSchema.safeParse(body);
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

const harmless = (item: { path: string; message: string; code?: string | undefined }) => ({
  ...item,
  path: oneLine(item.path),
  message: oneLine(item.message),
});

/** Text of a server's: one line without control characters, of a length that can be read. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}

/** Seconds to wait, rounded up; from a number or a date (RFC 9110, 10.2.3). */
function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
