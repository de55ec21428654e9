import type { Removal, RemovalRequest } from "../../core/capabilities.ts";
import { pluginOfPackage } from "../../core/deb/package-name.ts";
import { conflictError, notFoundError } from "../../core/errors.ts";
import { notInstalled, runTask } from "./change.ts";
import type { DebBackend } from "./deb-backend.ts";
import { needsServer } from "./errors.ts";
import type { ServerClient, TaskBody } from "./plugctl/client.ts";
import { nameOf, pluginIdOf } from "./plugin-id.ts";
import type { Patience } from "./watch/polling.ts";
import type { Expectation } from "./watch/watch.ts";
import type { WirePlugin } from "./wazo/schema.ts";

type Removed = Awaited<ReturnType<Removal["remove"]>>;

export function createRemoval(backend: DebBackend, patience?: Patience): Removal {
  return {
    async remove(request, progress = () => {}) {
      const { name, version, purge, dryRun } = request;
      const server = await backend.serverIfOurs();
      if (purge && server === undefined) throw needsServer(backend.target, "way to purge a plugin");
      const before = await backend.plugind.plugins();
      const installed = before.find((plugin) => nameOf(plugin) === name);
      if (installed === undefined && !purge) throw notInstalled(name, backend.target);
      if (version !== undefined && installed !== undefined && installed.version !== version) {
        throw notFoundError(
          `${name} is installed in version ${installed.version ?? "unknown"}, not ${version}`,
        );
      }
      if (dryRun) return server === undefined ? foreseen(before, request) : foretold(server, request);
      if (server === undefined) foreseen(before, request);
      const label = name;
      const expectation: Expectation = { action: "remove", label, plugin: pluginIdOf(name) };
      const begin = () =>
        server === undefined ? backend.plugind.uninstall(pluginIdOf(name)) : server.begin(bodyOf(request));
      await runTask(backend, expectation, { begin, progress, patience });
      return gone(before, await backend.plugind.plugins(), request);
    },

    describe({ name, purge, dependents }) {
      const also = dependents ? ", and every plugin that needs it" : "";
      const left = purge ? ", with what its package would leave behind" : "";
      return `takes ${name} off the host${also}${left}`;
    },
  };
}

const bodyOf = ({ name, purge, dependents }: RemovalRequest): TaskBody => ({
  action: "remove",
  ...pluginIdOf(name),
  ...(purge ? { purge } : {}),
  ...(dependents ? { removeDependents: true } : {}),
});

/** What a removal takes out, told from the plugins' own descriptions. @throws CONFLICT for dependents. */
function foreseen(plugins: readonly WirePlugin[], { name, dependents }: RemovalRequest): Removed {
  const names = withDependents(plugins, name);
  if (names.length > 1 && !dependents) {
    const others = names.filter((other) => other !== name);
    throw conflictError(`${name} is needed by ${others.join(", ")}`, {
      hint: "remove those first, or all together with --dependents",
      details: { dependents: others },
    });
  }
  return plugins.filter((plugin) => names.includes(nameOf(plugin))).map(removed);
}

async function foretold(server: ServerClient, request: RemovalRequest): Promise<Removed> {
  const { remove } = await server.plan(bodyOf(request));
  return remove.map(({ package: name, version }) => {
    const plugin = pluginOfPackage(name);
    return { name: plugin === undefined ? name : nameOf(plugin), version, state: "removed" };
  });
}

/** A plugin with those that need it, directly or not. */
function withDependents(plugins: readonly WirePlugin[], name: string): string[] {
  const found = new Set([name]);
  for (const needed of found) {
    for (const plugin of plugins) {
      if (plugin.depends?.some((dependency) => nameOf(dependency) === needed)) found.add(nameOf(plugin));
    }
  }
  return [...found];
}

/** Those of the plugin and its dependents that are not there any more. */
function gone(before: readonly WirePlugin[], after: readonly WirePlugin[], request: RemovalRequest): Removed {
  const left = new Set(after.map(nameOf));
  const names = withDependents(before, request.name);
  const state = request.purge ? "purged" : "removed";
  return before
    .filter((plugin) => names.includes(nameOf(plugin)) && !left.has(nameOf(plugin)))
    .map((plugin) => ({ ...removed(plugin), state }));
}

const removed = (plugin: WirePlugin) => ({
  name: nameOf(plugin),
  version: plugin.version ?? "",
  state: "removed",
});
