/** The four ways in which platforms run plugins. */
export const KINDS = ["kafka", "store", "deb", "container"] as const;
export type Kind = (typeof KINDS)[number];

/** The one vocabulary of states, whatever the backend calls its own (see `nativeState`). */
export const PLUGIN_STATES = [
  "available",
  "installing",
  "installed",
  "running",
  "paused",
  "stopped",
  "restarting",
  "active",
  "inactive",
  "failed",
  "removing",
] as const;
export type PluginState = (typeof PLUGIN_STATES)[number];

/** One row of a list. Kind-specific fields are added beside these, never instead of them. */
export interface Plugin {
  /** Namespace included: `@acme/maps`, `official/admin-ui`. */
  name: string;
  version: string | null;
  state: PluginState;
  /** The backend's own word. */
  nativeState: string;
  description: string | null;
  /** ISO 8601, UTC. */
  updatedAt: string | null;
  [field: string]: unknown;
}

/** Everything that a backend knows of one plugin or, when a version was asked for, of that version. */
export interface PluginDetail extends Plugin {
  kind: Kind;
  /** Markdown, where the backend or its catalogue has it. */
  readme?: string | null;
  changelog?: string | null;
}

/** One published version. */
export interface Release {
  name: string;
  version: string;
  /** `published`, `yanked` or `purged`. */
  state: string;
  channels: string[];
  /** Bytes of all files, unpacked. */
  sizeBytes: number;
  files: number;
  /** sha256 over the sorted list of file digests: equal trees are equal content, whatever packed them. */
  treeSha256: string;
  publishedAt: string;
  publishedBy: string;
}
