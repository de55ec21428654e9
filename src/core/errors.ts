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
export const cancelledError = (message = "cancelled", options?: ErrorOptions) =>
  new PlugctlError("CANCELLED", message, options);

/** What the file system refuses for reasons that are the user's to mend. */
const FILE_FAULTS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  ENOENT: "it does not exist",
  EEXIST: "something else is there",
  ENOTDIR: "a part of the path is no folder",
  EISDIR: "it is a folder",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
};

/** A refusal of the file system as a sentence; undefined for any other value. */
function fileError(thrown: unknown): PlugctlError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code, path, syscall } = thrown as Error & { code?: unknown; path?: unknown; syscall?: unknown };
  const fault = typeof code === "string" ? FILE_FAULTS[code] : undefined;
  if (fault === undefined || typeof path !== "string") return undefined;
  return configError(`cannot use ${path}: ${fault} (${String(syscall)})`, { cause: thrown });
}

/**
 * Turns any thrown value into an error of the taxonomy: a file that cannot be used is CONFIG, what is not known is
 * INTERNAL; both keep their cause.
 */
export function toPlugctlError(thrown: unknown): PlugctlError {
  if (isPlugctlError(thrown)) return thrown;
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown));
  return fileError(thrown) ?? new PlugctlError("INTERNAL", cause.message || cause.name, { cause });
}
