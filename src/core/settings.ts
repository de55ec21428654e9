import type { ProgressListener } from "./progress.ts";

/** Settings of an installed plugin that differ from its description. */
export interface SettingsChange {
  /** Variables; null takes one away. */
  env?: Readonly<Record<string, string | null>>;
  /** `source:target[:ro]`. */
  volumes?: readonly string[];
  /** `[address:]host:container[/udp]`. */
  ports?: readonly string[];
  /** Bytes. */
  memoryBytes?: number;
  /** Processors, may be a fraction. */
  cpus?: number;
  pids?: number;
  restart?: "no" | "always" | "unless-stopped" | "on-failure";
  /** Swarm: number of tasks. */
  replicas?: number;
  /** Swarm: what a node must be to run a task, `node.role==worker`; all of them, in place of those before. */
  placement?: readonly string[];
  /** Files at `/run/secrets/NAME`, by name: what is to be in them; null takes one away. */
  secrets?: Readonly<Record<string, Uint8Array | null>>;
}

export interface PluginSettings {
  name: string;
  /** Names of variables; values of secrets are not shown. */
  env: Record<string, string>;
  volumes: string[];
  ports: string[];
  memoryBytes: number | null;
  cpus: number | null;
  pids: number | null;
  restart: string;
  /** Names of secret files. */
  secrets?: string[];
}

export interface SettingsChanges {
  get(name: string): Promise<PluginSettings>;
  /**
   * Limits and the restart policy are changed in place where the backend can; everything else by re-creation, and the old
   * one is put back when the new one does not start. @throws UNSUPPORTED for what only a cluster has.
   */
  set(
    request: { name: string; change: SettingsChange; dryRun: boolean },
    progress: ProgressListener,
  ): Promise<{ name: string; changed: boolean; state: string; plan: string[] }>;
}
