/** What a connection may take; sizes in bytes, times in milliseconds. */
export interface Limits {
  /** Largest request. */
  readonly maxFrame: number;
  /** Largest request before the client has authenticated. */
  readonly maxFrameBeforeAuthentication: number;
  /** Requests that wait on one connection before it is not read any further. */
  readonly maxQueuedRequests: number;
  /** Responses that wait for a slow client before its requests are not read any further. */
  readonly maxUnsent: number;
  /** Requests of all connections together. */
  readonly maxBuffered: number;
  /** Connections of one listener. */
  readonly maxConnections: number;
  /** Of these from one address. */
  readonly maxConnectionsPerAddress: number;
  /** Without a byte for so long, and with no request pending, a connection is closed. */
  readonly idle: number;
  /** Time to authenticate. */
  readonly authentication: number;
  /** Time in which a request has to arrive whole. */
  readonly frame: number;
  /** Time that requests have to finish when the broker stops. */
  readonly grace: number;
}

/** Apache Kafka's values where it has them; memory for requests that are there at a time has room for one of the largest. */
export const DEFAULT_LIMITS: Limits = {
  maxFrame: 104_857_600,
  maxFrameBeforeAuthentication: 65_536,
  maxQueuedRequests: 64,
  maxUnsent: 8 * 1024 * 1024,
  maxBuffered: 128 * 1024 * 1024,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 10_000,
  idle: 600_000,
  authentication: 10_000,
  frame: 300_000,
  grace: 5_000,
};
