import { isIPv6 } from "node:net";
import type { KafkaTarget } from "../core/kafka/target.ts";
import type { Kind } from "../core/plugin.ts";
import { type Frame, openFrame } from "./frame.ts";
import { type App, createApp } from "./http/app.ts";
import { isLoopback } from "./http/hosts.ts";
import { closeUpgraded } from "./http/upgrades.ts";
import { createLogger, type LogLevel } from "./logger.ts";
import {
  type ModuleReport,
  type ModuleState,
  readiness,
  runningModules,
  selectModules,
  startModules,
} from "./module-states.ts";
import { SERVER_MODULES } from "./modules.ts";
import { type FirstStart, prepareIdentity } from "./start/first-start.ts";
import { frameJobs } from "./start/frame-jobs.ts";
import { type JobRunner, startJobs } from "./start/jobs.ts";
import { type ExtraServer, listenExtra, listenTcp, listenUnix } from "./start/listen.ts";
import { assertSafeBinding, parseLogLevel, parsePublicUrl, type ServerOptions } from "./start/options.ts";
import { Shutdown } from "./start/shutdown.ts";
import { loadTls } from "./start/tls.ts";
import { lockDataDirectory } from "./storage/data-directory.ts";

export type { ServerOptions } from "./start/options.ts";
export { restoreBackup } from "./storage/restore.ts";

export interface RunningServer {
  /** Base URL for clients on this machine. */
  http: string;
  /** The same for the further ports. */
  extraHttp: string[];
  socket?: string;
  /** Absolute. */
  dataDir: string;
  version: string;
  modules: Record<string, ModuleReport>;
  /** `host:port` of modules that have a port of their own, by their names. */
  addresses: Record<string, string>;
  targets: {
    name: string;
    kind: Kind;
    url: string;
    caFile?: string;
    /** Where its brokers are, for a target of kind `kafka`. */
    kafka?: KafkaTarget;
  }[];
  /** Only when this start made the administrator. */
  firstStart?: FirstStart;
  /** Finishes what runs within the drain time, then ends. May be called more than once. */
  stop(): Promise<void>;
}

const DRAIN_MS = 10_000;

/** A URL that reaches the server from this machine, whatever address it listens on. */
function localUrl(scheme: string, host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `${scheme}://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}

/**
 * Starts the server: claims the data directory, brings the database up to date, starts the modules, listens.
 * @throws USAGE, CONFIG for options that cannot be meant; CONFLICT when the data directory, port or socket is in use.
 * After a failure nothing runs and nothing is held.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const selected = selectModules(SERVER_MODULES, options);
  assertSafeBinding(options);
  const publicUrl = options.publicUrl === undefined ? undefined : parsePublicUrl(options.publicUrl);
  const logLevel = parseLogLevel(options.logLevel ?? "info");
  const shutdown = new Shutdown(options.drainMs ?? DRAIN_MS);
  try {
    return await start(options, { selected, publicUrl, logLevel, shutdown });
  } catch (error) {
    await shutdown.run();
    throw error;
  }
}

interface Prepared {
  selected: ReadonlySet<string>;
  publicUrl: string | undefined;
  logLevel: LogLevel;
  shutdown: Shutdown;
}

async function start(
  options: ServerOptions,
  { selected, publicUrl, logLevel, shutdown }: Prepared,
): Promise<RunningServer> {
  const { host, version } = options;
  const lock = await lockDataDirectory(options.dataDir);
  shutdown.add(() => lock.release());
  const dataDir = lock.path;
  // Before anything is begun that a wrong file would have to undo.
  const tls = options.tls === undefined ? undefined : await loadTls(options.tls, dataDir, host);
  const { log, flush } = createLogger({ level: logLevel, file: options.logFile });
  shutdown.add(flush);
  const frame = await openFrame({
    dataDir,
    network: { host, tls, anyPort: options.port === 0 },
    scram: SERVER_MODULES.some(({ name, scram }) => scram === true && selected.has(name)),
    version,
    log,
    publicUrl,
    modules: SERVER_MODULES,
    options: options.modules ?? {},
  });
  shutdown.add(() => frame.close());
  const firstStart = await prepareIdentity(frame, options.adminPasswordFile);
  const modules = await startModules(SERVER_MODULES, selected, frame.context);
  const running = runningModules(modules);
  for (const module of running) shutdown.add(() => module.stop?.());
  const application = await createApp({ frame, modules, loopback: isLoopback(host), tls });
  const { app } = application;
  const listeners: Listeners = { extra: [] };
  shutdown.add((deadline) => stopServing(application, frame, listeners, deadline));
  const port = await listenTcp(app, host, options.port);
  const scheme = tls === undefined ? "http" : "https";
  const extraHttp: string[] = [];
  for (const wanted of options.extraPorts ?? []) {
    const extra = await listenExtra(app, tls, host, wanted);
    listeners.extra.push(extra.server);
    extraHttp.push(localUrl(scheme, host, extra.port));
  }
  if (options.socket !== undefined) listeners.extra.push(await listenUnix(app, options.socket));
  const jobs = [...frameJobs(frame), ...running.flatMap((module) => module.jobs ?? [])];
  listeners.jobs = startJobs(jobs, log, frame.context.metrics);
  const http = localUrl(scheme, host, port);
  log.info({ http, dataDir, version }, "the server is ready");
  return {
    http,
    extraHttp,
    ...(options.socket === undefined ? {} : { socket: options.socket }),
    dataDir,
    version,
    modules: (await readiness(modules)).modules,
    addresses: ownAddresses(modules),
    targets: offeredTargets(modules, http, tls?.caFile),
    ...(firstStart === undefined ? {} : { firstStart }),
    stop: () => shutdown.run(),
  };
}

function ownAddresses(modules: ReadonlyMap<string, ModuleState>): Record<string, string> {
  return Object.fromEntries(
    [...modules].flatMap(([name, state]) =>
      state.state === "ready" && state.running.address !== undefined ? [[name, state.running.address]] : [],
    ),
  );
}

function offeredTargets(modules: ReadonlyMap<string, ModuleState>, url: string, caFile: string | undefined) {
  return runningModules(modules)
    .flatMap((module) => module.targets ?? [])
    .map((target) => ({ ...target, url, ...(caFile === undefined ? {} : { caFile }) }));
}

const IDLE_CHECK_MS = 25;

/** What besides the application's own listener has to be stopped. */
interface Listeners {
  /** Further ports, the Unix socket. */
  extra: ExtraServer[];
  jobs?: JobRunner;
}

/** Stops accepting, ends event streams, and waits for requests and operations until the deadline. */
async function stopServing(
  { app, streams }: App,
  frame: Frame,
  { extra, jobs }: Listeners,
  deadline: AbortSignal,
): Promise<void> {
  const servers = [app.server, ...extra];
  const cutOff = () => {
    for (const server of servers) server.closeAllConnections();
  };
  deadline.addEventListener("abort", cutOff, { once: true });
  streams.closeAll();
  for (const server of extra) closeUpgraded(server);
  // A kept-alive connection whose last request was under way just now becomes idle only later.
  const idle = setInterval(() => {
    for (const server of servers) server.closeIdleConnections();
  }, IDLE_CHECK_MS);
  const extraClosed = extra.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
  try {
    await Promise.all([app.close(), ...extraClosed, jobs?.stop(), frame.operations.stop(deadline)]);
  } finally {
    clearInterval(idle);
  }
}
