import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type RunningServer, startServer } from "../../src/server/index.ts";
import type { DebOptions } from "../../src/server/module.ts";
import type { Answer } from "./http-client.ts";

export const ADMIN_PASSWORD = "correct horse battery staple";

/** An operation as the server shows it. */
export interface EndedTask {
  id: string;
  state: "succeeded" | "failed" | "interrupted";
  // biome-ignore lint/suspicious/noExplicitAny: a test states the shape that it expects
  result: any;
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  error: any;
}

/** A server with the Debian-package backend over a root folder of its own. */
export interface DebServer {
  readonly url: string;
  readonly token: string;
  /** What a plugin sees as `/`. */
  readonly root: string;
  readonly dataDir: string;
  /** Calls with a token (default: the administrator's; null = none). */
  call(method: string, path: string, body?: unknown, token?: string | null): Promise<Answer>;
  /** Like a client of wazo-plugind. @returns the task's uuid. */
  install(method: string, options: Record<string, unknown>, query?: string): Promise<string>;
  /** The operation when it has ended. */
  ended(uuid: string): Promise<EndedTask>;
  uninstall(namespace: string, name: string): Promise<string>;
  /** True for a package that dpkg has in the root. */
  hasPackage(name: string): Promise<boolean>;
  exists(path: string): Promise<boolean>;
  list(path: string): Promise<string[]>;
  stop(): Promise<void>;
  /** Stops; `resume` starts on the same data and the same port. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

export interface DebServerOptions extends Omit<DebOptions, "root" | "market"> {
  /** Items of the market. */
  market?: readonly unknown[];
  /** Where `data` and `root` are, which stay then; by default a folder that goes away with the server. */
  folder?: string;
}

/** Starts a server. `stop` it, and its folder goes away. */
export async function startDebServer(given: DebServerOptions = {}): Promise<DebServer> {
  const { market, folder: keptFolder, ...options } = given;
  const folder = keptFolder ?? (await mkdtemp(join(tmpdir(), "plugctl-deb-")));
  const dataDir = join(folder, "data");
  const root = join(folder, "root");
  const marketFile = join(folder, "market.json");
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, ADMIN_PASSWORD);
  if (market !== undefined) await writeFile(marketFile, JSON.stringify({ items: market }));
  await withoutArchives(root);
  let port = 0;
  const start = () =>
    startServer({
      dataDir,
      host: "127.0.0.1",
      port,
      version: "0.0.0-test",
      only: ["deb"],
      logLevel: "error",
      logFile: join(folder, "server.log"),
      adminPasswordFile: passwordFile,
      modules: { deb: { ...options, root, ...(market === undefined ? {} : { market: [marketFile] }) } },
    });
  let server: RunningServer = await start();
  const state = server.modules.deb;
  if (state !== "ready") throw new Error(`the module does not run: ${JSON.stringify(state)}`);
  const url = server.http;
  port = Number(new URL(url).port);
  const token = server.firstStart?.token ?? "";

  const call: DebServer["call"] = async (method, path, body, as = token) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(as === null ? {} : { "x-auth-token": as }),
        ...(body === undefined || body instanceof Uint8Array ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.includes("json") === true;
    const headers = Object.fromEntries(answer.headers);
    return { status: answer.status, headers, body: isJson && text !== "" ? JSON.parse(text) : text };
  };
  const uuidOf = ({ status, body }: Answer): string => {
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body.uuid;
  };
  return {
    url,
    token,
    root,
    dataDir,
    call,
    install: async (method, given, query = "") =>
      uuidOf(await call("POST", `/0.2/plugins${query}`, { method, options: given })),
    async ended(uuid) {
      for (const deadline = Date.now() + 60_000; ; await sleep(20)) {
        const { body } = await call("GET", `/api/v1/operations/${uuid}`);
        if (body.state !== "running") return body;
        if (Date.now() > deadline) throw new Error(`the task ${uuid} does not end`);
      }
    },
    uninstall: async (namespace, name) => uuidOf(await call("DELETE", `/0.2/plugins/${namespace}/${name}`)),
    async hasPackage(name) {
      const { stdout } = await promisify(execFile)("dpkg-query", [
        `--admindir=${join(root, "var/lib/dpkg")}`,
        "--show",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is dpkg-query that fills it in
        "--showformat=${Package} ${db:Status-Status}\n",
      ]);
      return stdout.split("\n").includes(`${name} installed`);
    },
    exists: (path) =>
      stat(join(root, path)).then(
        () => true,
        () => false,
      ),
    list: (path) => readdir(join(root, path)).catch(() => []),
    async stop() {
      await server.stop();
      if (keptFolder === undefined) await rm(folder, { recursive: true, force: true });
    },
    pause: () => server.stop(),
    async resume() {
      server = await start();
    },
  };
}

/** Hides the archives of this machine from apt within the root: a test brings those that it needs. */
async function withoutArchives(root: string): Promise<void> {
  const folder = join(root, "etc/apt/sources.list.d");
  await mkdir(folder, { recursive: true });
  await writeFile(join(root, "etc/apt/sources.list"), "");
  for (const name of await readdir("/etc/apt/sources.list.d").catch(() => [])) {
    await writeFile(join(folder, name), "");
  }
}
