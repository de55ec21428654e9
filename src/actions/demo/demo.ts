import { once } from "node:events";
import { appendFile, cp, mkdir, readFile, rm } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { PlugctlError } from "../../core/errors.ts";
import { serveApp } from "./app-server.ts";
import { Chromium, findChromium } from "./chromium.ts";
import { Commands } from "./commands.ts";
import type { Narrator } from "./narrator.ts";
import { openInNode } from "./open-in-node.ts";
import type { OpenPage, Page } from "./page.ts";
import { type ReadyServer, SERVE_ARGS, startServer } from "./server.ts";
import { Workspace } from "./workspace.ts";

export interface DemoOptions {
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  narrator: Narrator;
  /** Go on running when the story has been told, until `signal`. */
  keep: boolean;
}

/** What the token of a CI job is for. */
const TOKEN_OPTIONS = ["--note", "CI of acme", "--scope", "publish", "--provider", "acme"];

/**
 * The main path of a store, with nothing staged: a server, a CI job that publishes, an application that runs what was
 * published, a new version of it. Everything happens in a temporary folder that goes away afterwards.
 * @throws BACKEND when a step does not end as it should, CANCELLED when interrupted.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const hangup = new AbortController();
  const onHangup = () => hangup.abort(new PlugctlError("CANCELLED", "the terminal was closed"));
  process.once("SIGHUP", onHangup);
  const signal = AbortSignal.any([options.signal, hangup.signal]);
  try {
    await tellStory({ ...options, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    process.removeListener("SIGHUP", onHangup);
  }
}

async function tellStory({ env, signal, narrator, keep }: DemoOptions): Promise<void> {
  const root = packageRoot();
  const launcher = join(root, "bin", "plugctl.js");
  const built = join(root, "dist", "demo");
  await using workspace = new Workspace();
  const ownEnv = isolatedEnv(env, workspace);
  const commands = new Commands({ launcher, cwd: workspace.folder, env: ownEnv, signal, narrator });

  await narrator.step("A server, in a temporary folder");
  await narrator.command(`plugctl ${SERVE_ARGS.join(" ")}`);
  const server = await startServer(workspace, { launcher, env: ownEnv, signal });
  await narrator.say(`it listens on ${server.http}`);

  await narrator.step("A provider, and a token with which its CI can publish and do nothing else");
  await commands.run(["provider", "add", "acme", "--name", "Acme"]);
  await commands.run(["token", "create", ...TOKEN_OPTIONS, "--output-file", "ci-token"]);
  const token = (await readFile(workspace.path("ci-token"), "utf8")).trim();

  await narrator.step("A CI job publishes version 1.0.0 of a plugin");
  const project = workspace.path("greeter");
  await replaceFolder(join(built, "greeter-1.0.0"), project);
  await commands.run(["publish", "greeter", "--provider", "acme"], { token });

  await narrator.step("What the store has, and what it tells applications");
  await commands.run(["list"]);
  await commands.run(["store", "discovery"]);

  await using app = await serveApp(join(built, "host-app"), new URL(server.http).origin);
  const listUrl = `${server.http}/discovery/main`;
  const appUrl = `${app.url}?store=${encodeURIComponent(listUrl)}`;
  const open = await chooseBrowser({ appUrl, listUrl, workspace, env, narrator });
  await narrator.step("An application on another origin runs the plugin");
  const first = await openExpecting(open, "1.0.0", signal);
  await narrator.page(first);

  await narrator.step("The CI job publishes version 1.1.0");
  await replaceFolder(join(built, "greeter-1.1.0"), project);
  await commands.run(["publish", "greeter"], { token });

  await narrator.step("The application is loaded again");
  const second = await openExpecting(open, "1.1.0", signal);
  await narrator.page(second, first);

  await narrator.step("A published version does not change: other content under 1.1.0 is refused");
  await appendFile(join(project, "dist", "index.js"), "\n// A fix that forgot to raise the version.\n");
  await commands.run(["publish", "greeter"], { token, expectedExitCode: 5 });
  await narrator.say("exit code 5: conflict");

  await narrator.step("Every version stays");
  await commands.run(["versions", "greeter"]);

  if (keep) await stay({ server, appUrl, launcher, env: ownEnv, signal, narrator });
  else await narrator.finish("That was all of it, and nothing of it is left behind.");
}

/** The folder of this package, from the bundle as from the sources. */
function packageRoot(): string {
  const manifest = findPackageJSON(import.meta.url);
  if (manifest === undefined) throw new PlugctlError("INTERNAL", "the files of the demo are not there");
  return dirname(manifest);
}

/** The user's environment without anything that would make the commands of the demo act on what is the user's. */
function isolatedEnv(env: NodeJS.ProcessEnv, workspace: Workspace): NodeJS.ProcessEnv {
  const inherited = Object.entries(env).filter(([name]) => !name.startsWith("PLUGCTL_"));
  return {
    ...Object.fromEntries(inherited),
    PLUGCTL_CONFIG_DIR: workspace.path("config"),
    PLUGCTL_NO_INPUT: "1",
    XDG_CACHE_HOME: workspace.path("cache"),
    XDG_DATA_HOME: workspace.path("share"),
  };
}

async function replaceFolder(source: string, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await cp(source, target, { recursive: true });
}

/** Chromium where there is one that starts, else Node. */
async function chooseBrowser(options: {
  appUrl: string;
  listUrl: string;
  workspace: Workspace;
  env: NodeJS.ProcessEnv;
  narrator: Narrator;
}): Promise<OpenPage> {
  const inNode: OpenPage = (signal) => openInNode(options.listUrl, signal);
  const path = findChromium(options.env);
  if (path === undefined) {
    await options.narrator.say(
      "no Chromium here (Debian package: chromium), so Node loads the plugin as a browser would",
    );
    return inNode;
  }
  try {
    const browser = await Chromium.start(path, options.workspace, options.env);
    return (signal) => browser.open(options.appUrl, signal);
  } catch {
    await options.narrator.say(`${path} does not start here, so Node loads the plugin as a browser would`);
    return inNode;
  }
}

async function openExpecting(open: OpenPage, version: string, signal: AbortSignal): Promise<Page> {
  const page = await open(signal);
  const found = page.plugins.find((plugin) => plugin.id === "greeter");
  if (found?.state === "running" && found.version === version && found.lines.length > 0) return page;
  const seen =
    found === undefined ? "no such plugin" : `${found.version}, ${found.state}: ${found.lines.join(" ")}`;
  throw new PlugctlError("BACKEND", `the application should run greeter ${version}, and there is ${seen}`);
}

async function stay(options: {
  server: ReadyServer;
  appUrl: string;
  launcher: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  narrator: Narrator;
}): Promise<void> {
  const { server, narrator, signal } = options;
  await narrator.step("The server and the application go on");
  await narrator.say(
    [
      `application  ${options.appUrl}`,
      `API          ${server.http}/docs`,
      "",
      "In another terminal:",
      `  export PLUGCTL_CONFIG_DIR=${options.env.PLUGCTL_CONFIG_DIR}`,
      `  alias plugctl='${process.execPath} ${options.launcher}'`,
      "  plugctl list",
      "",
      `To stop, and leave nothing behind: Ctrl-C here, or kill ${process.pid}`,
    ].join("\n"),
  );
  if (!signal.aborted) await once(signal, "abort");
}
