import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { KafkaTarget } from "../core/kafka/target.ts";
import type { Kind } from "../core/plugin.ts";
import type { BuildIsolation } from "./deb/builder/builder.ts";
import type { AuditLog } from "./events/audit.ts";
import type { EventBus } from "./events/bus.ts";
import type { Operations } from "./events/operations.ts";
import type { ConnectionLogins } from "./identity/connection-logins.ts";
import type { Identity } from "./identity/identity.ts";
import type { Logins } from "./identity/logins.ts";
import type { ProgramTokens } from "./identity/program-tokens.ts";
import type { TlsPair } from "./start/tls.ts";
import type { BlobStore } from "./storage/blobs.ts";
import type { Database, MigrationSet } from "./storage/database.ts";

/** What the composition root hands to every module. A module keeps no other global state. */
export interface ServerContext {
  /** Of this program. */
  readonly version: string;
  /** Absolute path of the data directory; a module writes below `<dataDir>/<its name>` only. */
  readonly dataDir: string;
  /** Public base URL without a trailing slash, or undefined: then URLs follow the request's scheme and host. */
  readonly publicUrl: string | undefined;
  readonly log: Logger;
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly identity: Identity;
  readonly logins: Logins;
  readonly connectionLogins: ConnectionLogins;
  readonly programTokens: ProgramTokens;
  readonly operations: Operations;
  readonly events: EventBus;
  readonly audit: AuditLog;
  readonly metrics: Registry;
  readonly now: () => Date;
  /** For modules that listen on ports of their own. */
  readonly network: Network;
  readonly options: ModuleOptions;
}

/** Where the server listens, and how: one choice for all of its ports. */
export interface Network {
  readonly host: string;
  /** Whoever takes any free port for HTTP runs several servers: other ports are any free ones too unless they are named. */
  readonly anyPort: boolean;
  /** Without it, nothing beyond this machine is listened on unless the administrator wants that. */
  readonly tls: TlsPair | undefined;
}

/** What the person who starts the server says about its modules. */
export interface ModuleOptions {
  /** Docker-compatible engine that runs plugins: path of a socket, or `unix:`, `tcp:`, `http(s):` URL. */
  readonly docker?: string | undefined;
  /** Sources of the marketplace: folders, git repositories, addresses of indexes. */
  readonly marketplaces?: readonly string[] | undefined;
  /** Domain below which each plugin has a host name of its own. */
  readonly pluginDomain?: string | undefined;
  /** How many container plugins may be installed, of all users together; default: no limit. */
  readonly maxPlugins?: number | undefined;
  readonly deb?: DebOptions | undefined;
  readonly kafka?: KafkaOptions | undefined;
}

/** The Kafka endpoint. */
export interface KafkaOptions {
  /** 0 for any free one; default: 9092, or any where HTTP has any. */
  readonly port?: number | undefined;
  /** Where clients are told to connect; default: the address that they reached. */
  readonly advertised?: { readonly host: string; readonly port?: number | undefined } | undefined;
  /** When a record that was acknowledged with `acks=all` is on disk: before the answer (the default), or within a second. */
  readonly fsync?: "always" | "interval" | undefined;
  /** `host:port` of the brokers of an Apache Kafka that is used instead. */
  readonly brokers?: readonly string[] | undefined;
  /** Bytes per second that a user may send, and fetch; default: no limit. */
  readonly quota?: number | undefined;
  readonly maxConnections?: number | undefined;
  /** Of these from one address. */
  readonly maxConnectionsPerAddress?: number | undefined;
}

/** Plugins as Debian packages: where they go, how they are built, whom the server tells. */
export interface DebOptions {
  /** Absolute path of the tree that packages go into, `/` = this machine itself; default: one in the data directory. */
  readonly root?: string | undefined;
  readonly isolation?: BuildIsolation | undefined;
  /** Market documents to offer: `http(s):` URLs and absolute paths. */
  readonly market?: readonly string[] | undefined;
  /** What the version bounds of plugins are held against; default: bounds are not checked. */
  readonly wazoVersion?: string | undefined;
  /** Broker that is told of progress, `amqp(s)://user:password@host:port/vhost`: a secret. */
  readonly amqp?: string | undefined;
  /** Base URL of a wazo-auth that is asked about tokens, besides our own; without a trailing slash. */
  readonly authUrl?: string | undefined;
  /** Limit of each step of a build, in seconds. */
  readonly stepSeconds?: number | undefined;
}

/** A part of the server that can be left out with `--without`. */
export interface ServerModule {
  readonly name: string;
  /** Run in order before `start`, each once, in one transaction each. */
  readonly migrations: MigrationSet;
  /** Users sign in to the module by SCRAM, for which more has to be kept of their passwords. */
  readonly scram?: boolean;
  /**
   * sha256 of every blob that the module needs, from the database alone, so that it is known while the module does not run;
   * what no module names and nobody has stored for a day is collected as garbage. So a module refers only to blobs that it
   * has just `put`, also when it knows that they exist. Without it, the module keeps no blobs.
   */
  referencedBlobs?(database: Database): AsyncIterable<string>;
  /** Builds the module's state. Rejects with the reason when it cannot run on this machine. */
  start(context: ServerContext): Promise<RunningModule>;
}

export interface RunningModule {
  /** Adds the module's routes; encapsulated, so hooks and error handlers stay its own. */
  routes(app: FastifyInstance): Promise<void>;
  /** Prefix of the routes that answer what is asked of this host name (lower case); undefined = not this module's. */
  prefixOfHost?(name: string): string | undefined;
  /** Repeated work; a failure is logged and counted, and the next turn comes all the same. */
  readonly jobs?: readonly BackgroundJob[];
  /** Resolves when the module can serve; rejects with the reason (shown by `/readyz`). */
  ready?(): Promise<void>;
  /** Targets that the first start writes into the invoking user's configuration. */
  readonly targets?: readonly OfferedTarget[];
  /** `host:port` at which programs on this machine reach the module, where it has a port of its own. */
  readonly address?: string;
  /** What there is of the module's things, for `server/status`: `{ plugins: 12, versions: 40 }`. */
  counts?(): Promise<Readonly<Record<string, number>>>;
  /** Called after the last request has been answered. */
  stop?(): Promise<void>;
}

export interface BackgroundJob {
  readonly name: string;
  readonly everyMs: number;
  run(signal: AbortSignal): Promise<void>;
}

export interface OfferedTarget {
  /** `local-store` and the like. */
  readonly name: string;
  readonly kind: Kind;
  /** Where its brokers are, for a target of kind `kafka`. */
  readonly kafka?: KafkaTarget;
}
