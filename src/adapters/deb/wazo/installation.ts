import { notFoundError, PlugctlError } from "../../../core/errors.ts";
import type { Installation, InstallSource } from "../../../core/installation.ts";
import type { ProgressListener } from "../../../core/progress.ts";
import { changed, expectationOf, notInstalled, runTask, unknownOrigin } from "../change.ts";
import type { DebBackend } from "../deb-backend.ts";
import { needsServer } from "../errors.ts";
import { newest } from "../map.ts";
import { nameOf, pluginIdOf } from "../plugin-id.ts";
import { toInstallBody } from "../sources.ts";
import type { Patience } from "../watch/polling.ts";
import type { TaskOutcome } from "../watch/watch.ts";

type MarketSource = Extract<InstallSource, { type: "market" }>;

/** Installations by a wazo-plugind, refused beforehand where it would report a success and do nothing. */
export function createWazoInstallation(backend: DebBackend, patience?: Patience): Installation {
  const { plugind, target } = backend;
  return {
    async install({ source, replace = false, dryRun }, progress) {
      if (dryRun) throw needsServer(target, "dry run");
      return changed(await install(source, { replace }, progress));
    },

    async update({ name, version, dryRun }, progress) {
      if (dryRun) throw needsServer(target, "dry run");
      const isNamed = (plugin: { namespace: string; name: string }) =>
        nameOf(plugin) === nameOf(pluginIdOf(name));
      if (!(await plugind.plugins()).some(isNamed)) throw notInstalled(name, target);
      if (!(await plugind.market({ installed: true })).some(isNamed)) throw unknownOrigin(name);
      return changed(await install({ type: "market", name, version }, { replace: false }, progress));
    },

    rollback: () => Promise.reject(needsServer(target, "rollback")),

    async outdated() {
      const [plugins, offers] = await Promise.all([plugind.plugins(), plugind.market({ installed: true })]);
      const newestOf = new Map(offers.map((item) => [nameOf(item), newest(item)]));
      return plugins.map((plugin) => ({
        name: nameOf(plugin),
        version: plugin.version ?? null,
        // What no market has can have no newer version there.
        latest: newestOf.get(nameOf(plugin)) ?? plugin.version ?? null,
        ...{ digestChanged: false, problem: null },
      }));
    },
  };

  async function install(
    source: InstallSource,
    { replace }: { replace: boolean },
    progress: ProgressListener,
  ): Promise<TaskOutcome> {
    if (source.type === "git" && source.ref !== undefined && /^[0-9a-f]{40}$/.test(source.ref)) {
      throw new PlugctlError(
        "UNSUPPORTED",
        `target "${target}" is a wazo-plugind, which installs branches and tags, and ${source.ref} is a commit`,
        { hint: "name a tag, or use plugctl serve, which takes commits as well" },
      );
    }
    const wanted = source.type === "market" ? await choose(source) : source;
    if (!("type" in wanted)) {
      if (replace) throw needsServer(target, "way to install a version of the market again");
      return wanted;
    }
    const body = toInstallBody(wanted, backend);
    const begin = () => plugind.install(body, { reinstall: replace });
    return runTask(backend, expectationOf(wanted), { begin, progress, patience });
  }

  /**
   * The version that is to be asked for: without one a wazo-plugind does nothing where any is installed, and it reports
   * what is not to be had as completed (wazo-plugind spec, section 4.7). Of what is there already, the outcome.
   * @throws NOT_FOUND where the market has nothing that fits.
   */
  async function choose({ name, version }: MarketSource): Promise<MarketSource | TaskOutcome> {
    const item = (await plugind.market()).find((found) => nameOf(found) === nameOf(pluginIdOf(name)));
    if (item === undefined) {
      throw notFoundError(`the market of target "${target}" has no plugin ${name}`, {
        hint: "plugctl search lists what it has; git:URL installs from a repository",
      });
    }
    const current = item.installed_version ?? null;
    const wanted = version ?? newest(item);
    const fits = item.versions?.some((offered) => offered.version === wanted && offered.upgradable !== false);
    if (wanted !== undefined && wanted !== current && fits) return { type: "market", name, version: wanted };
    if (current !== null && (wanted === undefined || wanted === current)) {
      return { name, version: current, previousVersion: current, changed: false, warnings: [], more: {} };
    }
    throw notFoundError(
      version === undefined
        ? `no version of ${name} in the market fits target "${target}"`
        : `version ${version} of ${name} is not in the market, or does not fit target "${target}"`,
      { hint: `versions: ${item.versions?.map((one) => one.version).join(", ") || "none"}` },
    );
  }
}
