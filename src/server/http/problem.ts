/** One fault in the input: where and what. */
export interface ProblemItem {
  path: string;
  code: string;
  message: string;
}

export interface ProblemOptions {
  errors?: readonly ProblemItem[];
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
  /** Members beside the standard ones, for example the digests of a conflict. */
  extra?: Readonly<Record<string, unknown>>;
}

/**
 * An answer of `application/problem+json` (RFC 9457). `code` is the stable word that clients switch on
 * (discovery-store spec, section 0); `detail` is a sentence for people.
 */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: readonly ProblemItem[];
  readonly headers: Readonly<Record<string, string>>;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
    this.extra = options.extra ?? {};
  }
}
