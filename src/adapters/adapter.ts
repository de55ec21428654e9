import type { Adapter } from "../core/capabilities.ts";
import type { Kind } from "../core/plugin.ts";

/** What an adapter is made from. */
export interface Connection {
  target: string;
  /** Endpoint as configured: `http:`, `https:` or `unix:`. */
  url: string;
  /** PEM file of the authority that signed the endpoint's certificate. */
  caFile: string | undefined;
  /** Asked for once, at the first call that needs it. */
  credential: () => Promise<string | undefined>;
  /** For one call, in ms; streams end only with the signal. */
  timeoutMs: number;
  /** The run's own signal: Ctrl-C ends every call. */
  signal: AbortSignal;
  userAgent: string;
  /** Receives one line a call when the user asked for details; never holds a secret. */
  trace: ((line: string) => void) | undefined;
}

export type AdapterFactory = (connection: Connection) => Adapter;

/** The loaded module of a kind. */
export interface AdapterModule {
  readonly kind: Kind;
  readonly createAdapter: AdapterFactory;
}
