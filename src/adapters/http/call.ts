import type { $ZodType, output } from "zod/v4/core";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** `undefined` and `false` are left out, `true` is sent as `1`. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface CallOptions {
  query?: Query | undefined;
  /** The target's own credential by default; `false` sends none, a string is sent in its place. */
  auth?: false | string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
}

export interface JsonOptions extends CallOptions {
  /** Sent as JSON. */
  body?: unknown;
  /** Names of members of the answer whose numbers are kept as text, as they are written: `1.10` is not `1.1`. */
  verbatim?: readonly string[] | undefined;
}

export interface UploadOptions extends CallOptions {
  body: AsyncIterable<Uint8Array>;
  /** Undefined where it is not known before the end. */
  sizeBytes?: number | undefined;
  contentType: string;
  /** Bytes handed to the connection so far. */
  onSent?: ((bytes: number) => void) | undefined;
}

export interface ServerSentEvent {
  /** Null when the server gave none. */
  id: string | null;
  /** `message` when the server gave none. */
  event: string;
  data: string;
}

/**
 * Calls to one target. A path without a leading slash is below the API's prefix, one with it is below the target's
 * URL; build it with `path` when it holds values. Every method throws PlugctlError only: UNAVAILABLE, TIMEOUT,
 * UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, CONFLICT, INVALID, VERIFICATION, BACKEND, CANCELLED.
 */
export interface HttpClient {
  /** Name of the target. */
  readonly target: string;
  /** True when there is a credential to send. */
  hasCredential(): Promise<boolean>;
  /** One call whose answer is JSON that fits the schema; without a schema the answer's body is of no interest. */
  json<S extends $ZodType>(
    method: Method,
    path: string,
    options: JsonOptions & { schema: S },
  ): Promise<output<S>>;
  json(method: Method, path: string, options?: JsonOptions): Promise<void>;
  /** The body of an answer as it comes; takes as long as it takes. */
  stream(method: Method, path: string, options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
  /** The events of an event stream until the server or the run ends it. Does not reconnect. */
  events(
    path: string,
    options?: CallOptions & { lastEventId?: string | undefined },
  ): AsyncIterable<ServerSentEvent>;
  /** A POST of bytes. The time limit begins anew with every piece that the connection takes. */
  upload<S extends $ZodType>(path: string, options: UploadOptions & { schema: S }): Promise<output<S>>;
  /** Closes the sockets; safe to call twice. */
  close(): Promise<void>;
}
