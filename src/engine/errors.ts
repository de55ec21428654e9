import { type ErrorCode, isPlugctlError, PlugctlError } from "../core/errors.ts";

/** What an error says of the call that it ended. */
export interface EngineCall {
  target: string;
  /** Where the engine is, as shown. */
  address: string;
  /** What the call was about: `plugin "web"`, `image nginx:1`; for messages. */
  subject: string;
}

/** Turns whatever a call of dockerode ended with into an error of the taxonomy. */
export function toEngineError(thrown: unknown, call: EngineCall): PlugctlError {
  if (isPlugctlError(thrown)) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (isPlugctlError(error.cause)) return error.cause;
  const status = "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : undefined;
  if (status !== undefined) return answerError(status, engineMessage(error), call, error);
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return connectionError(code, call, error);
}

/** An answer that is not what an engine answers. */
export function garbageError(call: EngineCall, why: string): PlugctlError {
  return new PlugctlError("BACKEND", `target "${call.target}": ${call.address} answers ${why}`, {
    hint: "is it the socket or port of a Docker-compatible engine?",
    details: { target: call.target, address: call.address },
  });
}

/** What went wrong in a line of a stream whose status was 200. */
export function streamError(message: string, call: EngineCall): PlugctlError {
  return answerError(500, oneLine(message), call);
}

/** The status is often a plain 500; what happened is in the text (moby, containerd, Podman and registries differ in it). */
const BY_TEXT: readonly (readonly [RegExp, ErrorCode, hint?: string])[] = [
  [
    /port is already allocated|address already in use/i,
    "CONFLICT",
    "stop what uses the port, or give another with --publish",
  ],
  [
    /no basic auth credentials|unauthorized|authentication required|incorrect username or password/i,
    "UNAUTHENTICATED",
    '"docker login REGISTRY" stores a credential that plugctl uses too',
  ],
  [
    /denied: |requested access to the resource is denied/i,
    "FORBIDDEN",
    "the image does not exist, or this login may not pull it",
  ],
  [
    /no space left on device|disk quota exceeded/i,
    "BACKEND",
    '"plugctl container prune" frees the space of images that nothing uses',
  ],
  [
    /manifest unknown|manifest for .* not found|no such image|name unknown|repository .* not found|image not known/i,
    "NOT_FOUND",
  ],
  [
    /dial tcp|no such host|connection refused|i\/o timeout|TLS handshake|x509:/i,
    "UNAVAILABLE",
    "the engine, not plugctl, connects to registries: try it on the engine's machine",
  ],
  [/is already in use|already exists/i, "CONFLICT"],
];

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: "INVALID",
  401: "UNAUTHENTICATED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  406: "CONFLICT",
  409: "CONFLICT",
  501: "UNSUPPORTED",
  503: "UNAVAILABLE",
};

function answerError(status: number, message: string, call: EngineCall, cause?: Error): PlugctlError {
  const { target, subject } = call;
  const [, code, hint] = BY_TEXT.find(([pattern]) => pattern.test(message)) ?? [
    undefined,
    BY_STATUS[status] ?? "BACKEND",
  ];
  return new PlugctlError(code, `${subject}: ${message}`, { hint, cause, details: { target, status } });
}

const UNTRUSTED = /^(?:CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/;

function connectionError(code: string | undefined, call: EngineCall, cause: Error): PlugctlError {
  const { target, address } = call;
  const failed = (kind: ErrorCode, message: string, hint?: string) =>
    new PlugctlError(kind, `target "${target}": ${message}`, {
      hint,
      cause,
      details: { target, address, reason: code ?? cause.message },
    });
  const isSocket = address.startsWith("/");
  const start = isSocket ? startHint(target) : "is the engine running there?";
  switch (code) {
    case "ECONNREFUSED":
      return failed(
        "UNAVAILABLE",
        isSocket
          ? `no engine listens at ${address}: the socket is there, and nobody answers`
          : `no engine listens at ${address}`,
        start,
      );
    case "ENOENT":
    case "ENOTDIR":
      return failed("UNAVAILABLE", `no engine at ${address}: there is no such socket`, start);
    case "EACCES":
    case "EPERM":
      return failed(
        "UNAVAILABLE",
        `no engine at ${address}: this user may not open the socket`,
        'members of the group docker may ("sudo usermod -aG docker USER", then sign in again); a rootless engine needs no group',
      );
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return failed("UNAVAILABLE", `the host name of ${address} is not known`, "check the target's URL");
    case "ECONNRESET":
    case "EPIPE":
      return failed("UNAVAILABLE", `the engine at ${address} closed the connection`, start);
    case "ETIMEDOUT":
      return failed("TIMEOUT", `no connection to ${address} in time`, "--timeout gives it longer");
  }
  if (code !== undefined && UNTRUSTED.test(code)) {
    return failed(
      "UNAVAILABLE",
      `no trusted connection to ${address} (${code})`,
      "check --ca, --cert and --key",
    );
  }
  if (code?.startsWith("HPE_")) {
    return failed("BACKEND", `${address} does not speak HTTP`, "check the target's URL");
  }
  if (cause instanceof SyntaxError) return garbageError(call, "something that is not JSON");
  if (code !== undefined && /^E[A-Z]+$/.test(code))
    return failed("UNAVAILABLE", `the connection to ${address} failed (${code})`);
  return new PlugctlError("INTERNAL", cause.message, { cause });
}

/** What there is to do where no engine answers at a socket, on a target and on a server. */
const startHint = (target: string) =>
  `start it ("systemctl start docker", "podman system service"), or name another: "plugctl target add ${target} --overwrite --kind container --url URL", "plugctl serve --docker URL"`;

/** dockerode wraps the engine's message into one of its own. */
function engineMessage(error: Error): string {
  const json = "json" in error ? error.json : undefined;
  if (typeof json === "object" && json !== null && "message" in json && typeof json.message === "string")
    return oneLine(json.message);
  return oneLine(error.message.replace(/^\(HTTP code \d+\) [^-]*- /, ""));
}

/** Text of an engine's: one line without control characters, of a length that can be read. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
  const short = line.length > 500 ? `${line.slice(0, 500)}…` : line;
  return short.replace(/\.$/, "");
}
