/** What every entry asks for, with a container or without. */
export interface EntryPlan {
  /** Name of the installed plugin; the entry's own unless the context says otherwise. */
  plugin: string;
  /** Name in the catalogue. */
  entry: string;
  version: string;
  interface: PlannedInterface | null;
  /** To be issued before the plan is made: their values come back in `PlanContext.tokens`. */
  tokens: PlannedToken[];
  resources: PlannedResources;
  deprecated: Deprecation | null;
  /** What cannot be honoured or looks wrong; one sentence each, without a full stop. */
  warnings: string[];
}

/**
 * What has to be true of a container so that it is the plugin that a marketplace entry describes. It names no host
 * folder, network id or engine: whoever creates the container decides where the locations lie.
 */
export interface ContainerPlan extends EntryPlan {
  image: PlannedImage;
  /** Arguments after the image's entrypoint; null = the image's own. */
  cmd: string[] | null;
  /** `uid:gid`, or what the entry says in the form that engines take. */
  user: string;
  /** Everything to set beside the image's own variables. */
  env: Record<string, string>;
  /** Names of variables in `env` whose values hold a token: not to be logged or shown. */
  secrets: string[];
  /** Sorted so that a mount comes before the mounts inside it. */
  volumes: PlannedVolume[];
  /** What to put into volumes at installation, in order, before the first start. */
  copies: PlannedCopy[];
  /** Bytes; null = not said. */
  memoryBytes: number | null;
  /** Names of networks to join beside the user's own. */
  networks: string[];
  /** `name:address` as engines take it; the address may be `host-gateway`. */
  extraHosts: string[];
  /** Command of an interactive shell. */
  shell: string[];
  /** Ports that something outside the container connects to, each once, ascending. */
  ports: PlannedPort[];
  /** Port that `/users/<user>/plugins/<plugin>/…` leads to, and whether that prefix is taken away; null = there is none. */
  endpoint: PlannedEndpoint | null;
  /** null = whatever the image says. */
  health: PlannedHealth | null;
  stop: PlannedStop;
}

export interface PlannedImage {
  /** Complete: has a tag or a digest. */
  reference: string;
  /** The tag moves (`latest`, `master`, `develop`): pull at every installation and update, even when it is there. */
  alwaysPull: boolean;
}

/**
 * A place in the layout that Thinger's volume sources are relative to.
 * - `plugin`: the plugin's own volume folder
 * - `storages`: the user's file storages, shared by the user's plugins
 * - `certificates`: the platform's TLS certificates, one folder a host name
 */
export interface VolumeLocation {
  root: "plugin" | "storages" | "certificates";
  /** Relative, normalised, `/`-separated, never leaves the root; empty = the root itself. */
  path: string;
}

/** The task's user in the plugin's own folder where it is numeric and not root; 1000:1000 everywhere else. */
export interface FileOwner {
  uid: number;
  gid: number;
}

export interface PlannedVolume {
  source: VolumeLocation;
  /** Absolute path in the container, normalised. */
  target: string;
  /** Always true for certificates. */
  readOnly: boolean;
  description: string | null;
  /** Whom a folder that is created for it belongs to. */
  owner: FileOwner;
}

export interface PlannedCopy {
  /** Folder within the plugin's catalogue folder: relative, normalised, never leaves it. */
  from: string;
  to: VolumeLocation;
  /** Whom the copied files belong to. */
  owner: FileOwner;
}

export interface PlannedPort {
  port: number;
  protocol: "tcp" | "udp";
}

export type PlannedInterface =
  /** The web page of a plugin, reached through the ingress. */
  | { type: "plugin"; plugin: string; port: number; rewriteBasePath: boolean }
  /** A web page at a port of the host, opened by one of the entry's proxies. */
  | { type: "host"; port: number; rewriteBasePath: boolean }
  /** A browser module among the plugin's catalogue files. */
  | { type: "file"; file: string };

export interface PlannedEndpoint {
  port: number;
  rewriteBasePath: boolean;
}

/** A member `plugctl.health` of an entry; one of `path` (HTTP, 2xx or 3xx), `command`, or neither (TCP connect). */
export interface PlannedHealth {
  port: number | null;
  path: string | null;
  command: string[] | null;
  intervalSeconds: number;
  timeoutSeconds: number;
  startPeriodSeconds: number;
  retries: number;
}

/** A member `plugctl.stop` of an entry; null = the image's signal, the engine's time limit. */
export interface PlannedStop {
  signal: string | null;
  timeoutSeconds: number | null;
}

/** Permissions by resource type and resource id: `"*"`, or names of actions where a trailing `*` matches the rest. */
export type TokenGrants = Record<string, Record<string, "*" | string[]>>;

export interface PlannedToken {
  id: string;
  name: string;
  allow: TokenGrants;
  /** `THINGER_TOKEN_` and the id in upper case. */
  variable: string;
}

/** What an entry brings beside a container; products are data and are never evaluated. */
export interface PlannedResources {
  products: PlannedProduct[];
  proxies: PlannedProxy[];
  storages: PlannedStorage[];
}

export interface PlannedProduct {
  id: string;
  name: string;
  /** The item as it stands in the entry. */
  data: Readonly<Record<string, unknown>>;
}

/** A TCP or UDP port of the host that leads to a plugin or an address. */
export interface PlannedProxy {
  id: string;
  name: string;
  description: string | null;
  enabled: boolean;
  protocol: "tcp" | "udp";
  /** `secure`: TLS is spoken at that side. */
  source: { port: number; secure: boolean };
  target:
    | { type: "plugin"; plugin: string; user: string; port: number; secure: boolean }
    | { type: "address"; address: string; port: number; secure: boolean };
}

/** A file storage of the user's: a folder `<id>` in the root `storages`. */
export interface PlannedStorage {
  id: string;
  name: string;
  description: string | null;
  public: boolean;
}

export interface Deprecation {
  message: string | null;
  /** Name of the entry to use instead. */
  replacement: string | null;
}

/** Who installs, and where: what an entry's templates and rules refer to. */
export interface PlanContext {
  user: string;
  /** Name to install it under; default: the entry's. */
  plugin?: string | undefined;
  /** Host name at which users reach the platform, without a port. */
  host: string;
  /** Defaults: 80 and 443. */
  httpPort?: number | undefined;
  httpsPort?: number | undefined;
  /** Values of issued tokens by token id. Where one is missing its variable is not set, and a warning says so. */
  tokens?: Readonly<Record<string, string>> | undefined;
  /** Further variables of the platform, such as `THINGER_INFLUXDB_TOKEN`. Those named `*TOKEN*` count as secrets. */
  platformEnv?: Readonly<Record<string, string>> | undefined;
  /** The user's settings: win over everything, taken as they are; null takes a variable away. */
  env?: Readonly<Record<string, string | null>> | undefined;
  /** Sets `THINGER_PLUGIN_DEVELOPMENT=1`, and the image tag `develop` where the entry names none. */
  development?: boolean | undefined;
}
