import { resolve } from "node:path";
import { offerTargets } from "../actions/offer-targets.ts";
import { writeFileAtomic } from "../config/atomic-file.ts";
import type { Host } from "../host.ts";
import { renderTable } from "../output/table.ts";
import { startServer } from "../server/index.ts";
import type { Handler, Options } from "./command.ts";
import type { serve } from "./serve.meta.ts";
import { serverOptions } from "./serve-options.ts";

type RunningServer = Awaited<ReturnType<typeof startServer>>;

/** Publishing waits for fsync most of the time; with four threads, Node's default, publishes wait for each other. */
const IO_THREADS = "16";

export const run: Handler<typeof serve> = async ({ options, host }) => {
  process.env.UV_THREADPOOL_SIZE ??= IO_THREADS;
  const server = await startServer(serverOptions(options, host));
  try {
    await offerTargets({
      server,
      config: host.config,
      credentials: host.credentials,
      warn: (text) => host.warn(text),
    });
    await announce(server, options, host);
    await aborted(host.signal);
    host.say("stopping");
  } finally {
    await server.stop();
  }
  return undefined;
};

/** Says what runs where: the ready file first, since scripts wait for it, then the table for people. */
async function announce(server: RunningServer, options: Options<typeof serve>, host: Host): Promise<void> {
  const ready = {
    pid: process.pid,
    version: server.version,
    http: server.http,
    ...(server.extraHttp.length === 0 ? {} : { extraHttp: server.extraHttp }),
    ...(server.socket === undefined ? {} : { socket: server.socket }),
    ...server.addresses,
    dataDir: server.dataDir,
    targets: server.targets.map(({ name }) => name),
    modules: server.modules,
  };
  if (options.readyFile !== undefined) {
    await writeFileAtomic(resolve(host.cwd, options.readyFile), `${JSON.stringify(ready, null, 2)}\n`);
  }
  if (host.settings.output === "json" || host.settings.output === "jsonl") {
    await host.terminal.print(`${JSON.stringify(ready)}\n`);
    return;
  }
  const { paint, symbol } = host.outStyle;
  const rows = Object.entries(server.modules).map(([name, state]) => ({
    module: name,
    state: typeof state === "string" ? state : "unavailable",
    where: where(name, state, server),
  }));
  const table = await renderTable(
    rows,
    [
      { key: "module", drop: 0 },
      { key: "state", as: "state", drop: 0 },
      { key: "where", drop: 0 },
    ],
    { width: host.terminal.width, style: host.outStyle, now: host.now() },
  );
  const lines = [
    `${symbol.ok} plugctl ${server.version} serves ${paint.cyan(server.http)}`,
    ...server.extraHttp.map((url) => `  also     ${url}`),
    ...(server.socket === undefined ? [] : [`  socket   ${server.socket}`]),
    `  data     ${server.dataDir}`,
    `  API      ${server.http}/docs`,
    "",
    table.trimEnd(),
    "",
  ];
  if (server.targets.length > 0) {
    lines.push(`Targets for your commands: ${server.targets.map(({ name }) => paint.cyan(name)).join(", ")}`);
  }
  const password = server.firstStart?.password;
  if (password !== undefined) {
    lines.push(
      `User ${paint.cyan("admin")} signs in with the password ${paint.bold(password)}`,
      "It is shown this once; plugctl user passwd admin changes it.",
    );
  }
  lines.push("Press Ctrl-C to stop.", "");
  await host.terminal.print(lines.join("\n"));
}

function where(name: string, state: RunningServer["modules"][string], server: RunningServer): string {
  if (typeof state !== "string") return state.unavailable;
  if (state === "off") return "left out";
  const target = server.targets.find((offered) => offered.kind === name);
  const address = server.addresses[name] ?? target?.url ?? server.http;
  return target === undefined ? address : `${address} (target ${target.name})`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener("abort", () => done(), { once: true });
  });
}
