import type { Administration } from "./administration.ts";
import type { Cancellation } from "./cancellation.ts";
import type { Comparison } from "./comparison.ts";
import type { PackageBuilds } from "./deb/package-build.ts";
import type { PackageRepositoryAccess } from "./deb-repository.ts";
import { PlugctlError } from "./errors.ts";
import type { History } from "./history.ts";
import type { Installation } from "./installation.ts";
import type { ConsumerGroups } from "./kafka/groups.ts";
import type { Messages } from "./kafka/messages.ts";
import type { Topics } from "./kafka/topics.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Access, Events, Logs, Shell, Statistics } from "./observation.ts";
import type { Kind, Plugin, PluginDetail, Release } from "./plugin.ts";
import type { Exportable } from "./portability.ts";
import type { ProgressListener } from "./progress.ts";
import type { Images, Safekeeping } from "./safekeeping.ts";
import type { SettingsChanges } from "./settings.ts";
import type { Verification } from "./verification.ts";

/** A plugin within one target. */
export interface PluginName {
  name: string;
  version?: string | undefined;
}

/** Is the backend there, and does it know who we are? */
export interface HealthCheck {
  /** @throws UNAVAILABLE, TIMEOUT, UNAUTHENTICATED. */
  check(): Promise<{ product: string; version: string | null; login: string | null }>;
}

/** Signing in and out. */
export interface Session {
  /** Exchanges a password for a token of this user's. @throws UNAUTHENTICATED. */
  login(request: {
    login: string;
    password: string;
    note: string;
  }): Promise<{ token: string; login: string }>;
  /** Who a token, or else the present credential, belongs to. @throws UNAUTHENTICATED. */
  whoami(token?: string): Promise<{ login: string; roles: string[]; expiresAt: string | null }>;
  /** Revokes a token; one that is already invalid counts as revoked. */
  logout(token: string): Promise<void>;
}

export interface Listing {
  list(): Promise<Plugin[]>;
}

export interface Inspection {
  /** @throws NOT_FOUND. */
  info(plugin: PluginName): Promise<PluginDetail>;
}

export interface CatalogueQuery {
  /** Words to look for; empty = all. */
  text: string;
  /** Compared without regard to case. */
  category?: string | undefined;
  /** Who makes it; compared without regard to case. */
  vendor?: string | undefined;
}

export interface Catalogue {
  /** Where the target has nothing to search: that it has not, and how it gets something. */
  readonly hint?: string | undefined;
  /** Without anything to search: nothing is found. */
  search(query: CatalogueQuery): Promise<Plugin[]>;
}

export interface PublishRequest {
  /** A folder with a package.json, or a `.tgz` / `.tar` file. Absolute. */
  source: string;
  channel?: string | undefined;
  provider?: string | undefined;
  dryRun: boolean;
}

export interface PublishResult {
  name: string;
  version: string;
  status: "published" | "unchanged" | "dry-run";
  provider: string;
  channel: string | null;
  treeSha256: string;
  sizeBytes: number;
  files: number;
  entryUrl: string;
  integrity: string;
  warnings: string[];
}

export interface Publication {
  /** @throws INVALID, CONFLICT (the version exists with other content), VERIFICATION, FORBIDDEN. */
  publish(request: PublishRequest, progress: ProgressListener): Promise<PublishResult>;
  /** Newest first. @throws NOT_FOUND. */
  versions(plugin: string): Promise<Release[]>;
}

export interface RemovalRequest extends PluginName {
  /** Delete the data as well, for ever. */
  purge: boolean;
  /** Remove the plugins that need this one as well, instead of refusing for their sake. */
  dependents?: boolean | undefined;
  reason?: string | undefined;
  dryRun: boolean;
}

export interface Removal {
  /** What was removed; an empty list when it was gone already. @throws NOT_FOUND, FORBIDDEN, CONFLICT. */
  remove(
    request: RemovalRequest,
    progress?: ProgressListener,
  ): Promise<{ name: string; version: string; state: string }[]>;
  /** What a removal means here, in a sentence for the confirmation. */
  describe(request: RemovalRequest): string;
}

/** What applications get when they ask which plugins there are. */
export interface Discovery {
  discover(
    feed: string,
  ): Promise<{ pluginId: string; version: string; pluginUrl: string; [field: string]: unknown }[]>;
}

/** Everything that some backend can do; an adapter implements the part that its backend has. */
export interface Capabilities {
  health: HealthCheck;
  session: Session;
  listing: Listing;
  inspection: Inspection;
  catalogue: Catalogue;
  publication: Publication;
  removal: Removal;
  discovery: Discovery;
  administration: Administration;
  installation: Installation;
  lifecycle: Lifecycle;
  settings: SettingsChanges;
  logs: Logs;
  events: Events;
  shell: Shell;
  statistics: Statistics;
  access: Access;
  safekeeping: Safekeeping;
  images: Images;
  comparison: Comparison;
  portability: Exportable;
  repository: PackageRepositoryAccess;
  verification: Verification;
  history: History;
  cancellation: Cancellation;
  builds: PackageBuilds;
  topics: Topics;
  groups: ConsumerGroups;
  messages: Messages;
}
export type Capability = keyof Capabilities;

/** A connection to one target. */
export interface Adapter {
  readonly kind: Kind;
  readonly target: string;
  readonly can: Readonly<Partial<Capabilities>>;
  /** Closes sockets; safe to call twice. */
  close(): Promise<void>;
}

/** The words that errors use for a capability. */
export const CAPABILITY_WORDS: Readonly<Record<Capability, string>> = {
  health: "health checks",
  session: "sign-in",
  listing: "lists of plugins",
  inspection: "plugin details",
  catalogue: "search",
  publication: "publishing",
  removal: "removal",
  discovery: "discovery",
  administration: "users, roles, providers and tokens",
  installation: "installation",
  lifecycle: "start, stop and pause",
  settings: "settings",
  logs: "logs",
  events: "events",
  shell: "a shell",
  statistics: "statistics",
  access: "public access",
  safekeeping: "backup and restore",
  images: "images",
  comparison: "comparison with what the source offers",
  portability: "export",
  repository: "an APT repository",
  verification: "verification of what is installed",
  history: "a history of changes",
  cancellation: "operations that can be cancelled",
  builds: "builds of Debian packages",
  topics: "topics",
  groups: "consumer groups",
  messages: "messages in topics",
};

/** The adapter's implementation of a capability. @throws UNSUPPORTED naming the kinds that have it. */
export function need<C extends Capability>(
  adapter: Adapter,
  capability: C,
  kindsWithIt: readonly Kind[],
): Capabilities[C] {
  const found: Capabilities[C] | undefined = adapter.can[capability];
  if (found !== undefined) return found;
  throw unsupportedError(adapter.target, adapter.kind, capability, kindsWithIt);
}

export function unsupportedError(
  target: string,
  kind: Kind,
  capability: Capability,
  kindsWithIt: readonly Kind[],
  otherwise?: string | undefined,
) {
  return new PlugctlError(
    "UNSUPPORTED",
    `target "${target}" (${kind}) has no ${CAPABILITY_WORDS[capability]}`,
    {
      hint:
        otherwise ??
        (kindsWithIt.length > 0 ? `targets of kind ${kindsWithIt.join(", ")} have it` : undefined),
      details: { target, kind, capability },
    },
  );
}
