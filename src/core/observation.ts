import type { Readable, Writable } from "node:stream";

export interface LogQuery {
  name: string;
  follow: boolean;
  /** Lines from the end; undefined = all. */
  tail?: number | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
}

export interface LogLine {
  plugin: string;
  stream: "stdout" | "stderr";
  /** ISO 8601, UTC, as precise as the backend says. */
  at: string | null;
  text: string;
}

export interface Logs {
  /** In order; with `follow` it survives a restart of the plugin, and ends only with the run. @throws NOT_FOUND. */
  logs(query: LogQuery): AsyncIterable<LogLine>;
}

export interface ShellSession {
  name: string;
  /** Default: the plugin's own shell. */
  command?: readonly string[] | undefined;
  /** The streams are a terminal: raw mode, one output stream, resizes are passed on. */
  tty: boolean;
  stdin: Readable;
  stdout: Writable;
  stderr: Writable;
  size?: { columns: number; rows: number } | undefined;
  /** Calls back on every change of the terminal's size; returns how to stop that. */
  onResize?: (listener: (size: { columns: number; rows: number }) => void) => () => void;
}

export interface Shell {
  /**
   * Resolves with the exit code of what ran, or 0 when the user left it running with Ctrl-P Ctrl-Q.
   * @throws NOT_FOUND, CONFLICT when it is not running.
   */
  shell(session: ShellSession): Promise<number>;
}

export interface PluginStats {
  name: string;
  /** Of one processor, in per cent: 250 = two and a half. */
  cpuPercent: number;
  memoryBytes: number;
  memoryLimitBytes: number | null;
  networkReceivedBytes: number;
  networkSentBytes: number;
  diskReadBytes: number;
  diskWrittenBytes: number;
  pids: number;
  restarts: number;
  health: string | null;
}

export interface Statistics {
  /** One sample of each running plugin, or of those named. */
  stats(names: readonly string[]): Promise<PluginStats[]>;
  /** Processes inside a plugin: titles and rows as the backend's `ps` gives them. */
  top(name: string): Promise<{ titles: string[]; rows: string[][] }>;
}

export interface PluginAccess {
  name: string;
  access: "public" | "private";
  url: string | null;
  /** Whether the plugin seems to ask for a login by itself; null = could not be told. */
  authenticates: boolean | null;
  warnings: string[];
}

export interface Access {
  get(name: string): Promise<PluginAccess>;
  /** @throws FORBIDDEN; VERIFICATION when it seems to have no login of its own and `force` is not set. */
  set(name: string, access: "public" | "private", options: { force: boolean }): Promise<PluginAccess>;
}

export interface EventQuery {
  /** Only what comes after the event of this number, or from this time on, as far as the backend still has it. */
  since?: number | Date | undefined;
  /** Go on with what happens, until the run ends; else only what has happened. */
  follow: boolean;
  /** The connection was lost and will be tried again. */
  onInterruption?: ((error: Error) => void) | undefined;
}

export interface TargetEvent {
  /** Where the backend numbers its events. */
  id?: number;
  /** ISO 8601, UTC. */
  at: string;
  /** `plugin.start`, `provider.create`: of what, and what happened. */
  type: string;
  /** `plugin:node-red`, `provider:acme`. */
  resource: string;
  data: Record<string, unknown>;
}

export interface Events {
  /** In order; a lost connection is taken up again where it broke. @throws UNSUPPORTED for what this backend cannot tell. */
  events(query: EventQuery): AsyncIterable<TargetEvent>;
}
