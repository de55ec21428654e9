import type { Adapter } from "../core/capabilities.ts";
import type { ContainerTarget } from "../core/container-target.ts";
import type { DebTarget } from "../core/deb/target.ts";
import type { KafkaTarget } from "../core/kafka/target.ts";
import type { Kind } from "../core/plugin.ts";

/** What an adapter is made from. */
export interface Connection {
  target: string;
  /** Endpoint as configured: `http:`, `https:` or `unix:`; engines also `tcp:`, `ssh:`, `docker-context:NAME`; brokers `kafka:`. */
  url: string;
  /** PEM file of the authority that signed the endpoint's certificate. */
  caFile: string | undefined;
  /** Asked for once, at the first call that needs it. */
  credential: () => Promise<string | undefined>;
  /** Who signed in with the credential that `plugctl login` stored. */
  login: () => Promise<string | undefined>;
  /** For one call, in ms; streams end only with the signal. */
  timeoutMs: number;
  /** The run's own signal: Ctrl-C ends every call. */
  signal: AbortSignal;
  userAgent: string;
  /** What the configuration says of a target of kind `container`. */
  container: ContainerTarget | undefined;
  /** Likewise of a target of kind `deb`. */
  deb: DebTarget | undefined;
  /** Likewise of a target of kind `kafka`. */
  kafka: KafkaTarget | undefined;
  /** The run's environment: docker's own variables, proxies, git. */
  env: NodeJS.ProcessEnv;
  /** Folder for what may be deleted at any time. */
  cacheFolder: string;
  /** Receives one line a call when the user asked for details; never holds a secret. */
  trace: ((line: string) => void) | undefined;
}

export type AdapterFactory = (connection: Connection) => Adapter;

/** The loaded module of a kind. */
export interface AdapterModule {
  readonly kind: Kind;
  /** May load more, where targets of one kind differ in what they talk to. */
  readonly createAdapter: (connection: Connection) => Adapter | Promise<Adapter>;
}
