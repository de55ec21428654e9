import { rmSync } from "node:fs";
import { cp, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { type Logger, pino } from "pino";
import { onTestFinished } from "vitest";
import { type Frame, openFrame } from "../../src/server/frame.ts";
import { type ClientTimeouts, createApp } from "../../src/server/http/app.ts";
import type { EventStreams } from "../../src/server/http/sse.ts";
import type { ModuleOptions, Network, ServerContext, ServerModule } from "../../src/server/module.ts";
import { type ModuleState, runningModules, startModules } from "../../src/server/module-states.ts";
import { type FirstStart, prepareIdentity } from "../../src/server/start/first-start.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface FrameSettings {
  /** Modules whose migrations are run. */
  modules?: readonly ServerModule[];
  publicUrl?: string;
  dataDir?: string;
  now?: () => Date;
  log?: Logger;
  options?: ModuleOptions;
  network?: Network;
  scram?: boolean;
}

/** Everything that a server has except its listener, over a real database in a temporary directory. */
export async function makeFrame(settings: FrameSettings = {}): Promise<Frame> {
  const frame = await openFrame({
    modules: [],
    version: "0.0.0-test",
    log: pino({ level: "silent" }),
    ...settings,
    dataDir: settings.dataDir ?? (await makeTempDir()),
  });
  onTestFinished(async () => {
    await frame.operations.stop();
    await frame.close();
  });
  return frame;
}

/** The context that a module gets; its migrations have run. */
export async function makeServerContext(settings: FrameSettings = {}): Promise<ServerContext> {
  return (await makeFrame(settings)).context;
}

export interface AppSettings extends FrameSettings {
  /** False for a server that others can reach. */
  loopback?: boolean;
  timeouts?: ClientTimeouts;
}

export interface TestServer {
  frame: Frame;
  /** Ready for `inject`; a test that needs a port calls `listen`. */
  app: FastifyInstance;
  streams: EventStreams;
  states: Map<string, ModuleState>;
  /** Of the first start. */
  admin: { login: string; password: string; token: string; headers: { authorization: string } };
}

let template: Promise<{ directory: string; first: Required<FirstStart> }> | undefined;

async function makeTemplate() {
  const directory = await mkdtemp(join(tmpdir(), "plugctl-template-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const log = pino({ level: "silent" });
  const frame = await openFrame({ modules: [], version: "0.0.0-test", log, dataDir: directory });
  const first = await prepareIdentity(frame);
  await frame.close();
  if (first?.password === undefined) throw new Error("this was no first start");
  return { directory, first: { ...first, password: first.password } };
}

/** A data directory after its first start; made once per test file, since hashing a password takes its time. */
async function copyFirstStart(dataDir: string): Promise<Required<FirstStart>> {
  template ??= makeTemplate();
  const { directory, first } = await template;
  await cp(directory, dataDir, { recursive: true });
  return first;
}

/** The whole application over a first start; given modules are started. */
export async function makeApp(settings: AppSettings = {}): Promise<TestServer> {
  const { modules = [], loopback = true, timeouts, dataDir: given, ...rest } = settings;
  const dataDir = given ?? (await makeTempDir());
  const first = await copyFirstStart(dataDir);
  const frame = await makeFrame({ ...rest, modules, dataDir });
  const states = await startModules(modules, new Set(modules.map((module) => module.name)), frame.context);
  const { app, streams } = await createApp({
    frame,
    modules: states,
    loopback,
    ...(timeouts ? { timeouts } : {}),
  });
  onTestFinished(async () => {
    streams.closeAll();
    app.server.closeAllConnections();
    await app.close();
    for (const module of runningModules(states)) await module.stop?.();
  });
  const { login, password, token } = first;
  const admin = { login, password, token, headers: { authorization: `Bearer ${token}` } };
  return { frame, app, streams, states, admin };
}
