/**
 * The one taxonomy of errors. Adapters and the server's edge translate what they meet into these; `src/cli.ts`
 * is the only place that turns them into exit codes. Exit codes are pinned: docs/errors.md.
 */
const EXIT_CODES = {
  INTERNAL: 1,
  BACKEND: 1,
  USAGE: 2,
  CONFIG: 2,
  INVALID: 2,
  NOT_FOUND: 3,
  UNAUTHENTICATED: 4,
  FORBIDDEN: 4,
  CONFLICT: 5,
  UNSUPPORTED: 6,
  UNAVAILABLE: 7,
  TIMEOUT: 7,
  PARTIAL: 8,
  VERIFICATION: 9,
  CANCELLED: 130,
} as const;

export type ErrorCode = keyof typeof EXIT_CODES;

export interface ErrorOptions {
  /** What to do next: one sentence, no full stop. */
  hint?: string | undefined;
  /** Facts for scripts, printed under `error.details` with `-o json`. Never holds a secret. */
  details?: Record<string, unknown> | undefined;
  cause?: unknown;
  /** Instead of the code's own, where a command passes on the exit codes of another program. */
  exitCode?: number | undefined;
}

const BRAND = Symbol.for("plugctl.error");

/** Base of every expected failure. `message` starts in lower case, names the object and ends without a full stop. */
export class PlugctlError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Record<string, unknown> | undefined;
  /** The process exit code that scripts rely on. */
  readonly exitCode: number;
  readonly [BRAND] = true;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "PlugctlError";
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
    this.exitCode = options.exitCode ?? EXIT_CODES[code];
  }
}

/** True for errors of this taxonomy, whichever copy of the class made them (bundles may hold two). */
export function isPlugctlError(error: unknown): error is PlugctlError {
  return error instanceof Error && BRAND in error;
}

/** A flag, argument or combination that cannot be meant. */
export const usageError = (message: string, options?: ErrorOptions) =>
  new PlugctlError("USAGE", message, options);

/** A configuration file that cannot be read or does not fit its schema. */
export const configError = (message: string, options?: ErrorOptions) =>
  new PlugctlError("CONFIG", message, options);

/** Content of the user's that is refused before or by the backend: a manifest, an archive, a name. */
export const invalidError = (message: string, options?: ErrorOptions) =>
  new PlugctlError("INVALID", message, options);

export const notFoundError = (message: string, options?: ErrorOptions) =>
  new PlugctlError("NOT_FOUND", message, options);

/** The object exists with other content, or its state forbids the change. */
export const conflictError = (message: string, options?: ErrorOptions) =>
  new PlugctlError("CONFLICT", message, options);

/** A digest, signature or policy did not hold. */
export const verificationError = (message: string, options?: ErrorOptions) =>
  new PlugctlError("VERIFICATION", message, options);

/** The user interrupted, or declined a confirmation. */
export const cancelledError = (message = "cancelled") => new PlugctlError("CANCELLED", message);

/** Turns any thrown value into an error of the taxonomy; what is not known is INTERNAL and keeps its cause. */
export function toPlugctlError(thrown: unknown): PlugctlError {
  if (isPlugctlError(thrown)) return thrown;
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown));
  return new PlugctlError("INTERNAL", cause.message || cause.name, { cause });
}
