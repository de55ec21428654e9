import type {
  Installation,
  InstallationChange,
  InstallSource,
  OutdatedPlugin,
} from "../../../core/installation.ts";
import type { ProgressListener } from "../../../core/progress.ts";
import { changed, expectationOf, labelOf, notInstalled, runTask, unknownOrigin } from "../change.ts";
import type { DebBackend } from "../deb-backend.ts";
import { nameOf, pluginIdOf } from "../plugin-id.ts";
import { fromWireSource, toInstallBody, toTaskSource } from "../sources.ts";
import type { ServerClient, TaskBody } from "./client.ts";
import { planned } from "./plan.ts";

/** Installations by plugctl's server. */
export function createServerInstallation(backend: DebBackend, server: ServerClient): Installation {
  return {
    install({ source, replace, dryRun }, progress) {
      const options = replace ? { reinstall: true, allowDowngrade: true } : {};
      return install(source, { ...options, dryRun }, progress);
    },

    async update({ name, version, dryRun }, progress) {
      const id = pluginIdOf(name);
      const installed = (await server.plugins()).find((plugin) => nameOf(plugin) === name);
      if (installed === undefined) throw notInstalled(name, backend.target);
      const market: InstallSource = { type: "market", name: nameOf(id), version };
      if (version !== undefined) return install(market, { allowDowngrade: true, dryRun }, progress);
      const newer = (await server.outdated()).find((plugin) => nameOf(plugin) === name);
      if (newer?.latest) return install({ ...market, version: newer.latest }, { dryRun }, progress);
      const origin = fromWireSource(installed.origin);
      if (origin === undefined) throw unknownOrigin(name);
      // A version that was asked for once is not asked for again.
      if (origin.type === "market") return install(market, { dryRun }, progress);
      // Not every commit has a version of its own.
      return install(origin, { ...(newer?.commit ? { reinstall: true } : {}), dryRun }, progress);
    },

    async rollback({ name, dryRun }, progress) {
      const plugin = pluginIdOf(name);
      const body: TaskBody = { action: "rollback", ...plugin };
      if (dryRun) return planned(name, await server.plan(body));
      const begin = () => server.begin(body);
      return changed(await runTask(backend, { action: "install", label: name, plugin }, { begin, progress }));
    },

    /** That no market has a plugin which came from nowhere else either is no fault. */
    async outdated() {
      const [plugins, newer, offers] = await Promise.all([
        server.plugins(),
        server.outdated(),
        backend.plugind.market({ installed: true }),
      ]);
      const states = new Map(newer.map((state) => [nameOf(state), state]));
      const offered = new Set(offers.map(nameOf));
      return plugins.map((plugin): OutdatedPlugin => {
        const name = nameOf(plugin);
        const { latest = null, commit = null, problem = null } = states.get(name) ?? {};
        const known = problem === null || (!offered.has(name) && plugin.origin?.type !== "git");
        return {
          name,
          version: plugin.version,
          latest: latest ?? (known ? plugin.version : null),
          digestChanged: commit !== null,
          problem: known ? null : problem,
        };
      });
    },
  };

  async function install(
    source: InstallSource,
    { dryRun, ...options }: { reinstall?: boolean; allowDowngrade?: boolean; dryRun: boolean },
    progress: ProgressListener,
  ): Promise<InstallationChange> {
    const taskSource = await toTaskSource(source, server, { backend, progress });
    const body: TaskBody = { action: "install", source: taskSource, ...options };
    if (dryRun) return planned(labelOf(source), await server.plan(body));
    // What wazo-plugind's API has words for is asked for in those, on both.
    const isCommon = source.type !== "path" && Object.keys(options).length === 0;
    const begin = () =>
      isCommon
        ? backend.plugind.install(toInstallBody(source, backend), { reinstall: false })
        : server.begin(body);
    return changed(await runTask(backend, expectationOf(source), { begin, progress }));
  }
}
