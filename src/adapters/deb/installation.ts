import { conflictError, notFoundError, PlugctlError, usageError } from "../../core/errors.ts";
import type {
  Installation,
  InstallationChange,
  InstallRequest,
  InstallSource,
  OutdatedPlugin,
} from "../../core/installation.ts";
import type { ProgressListener } from "../../core/progress.ts";
import type { DebBackend } from "./deb-backend.ts";
import { newest } from "./map.ts";
import { planned } from "./plan.ts";
import type { ServerClient, TaskBody } from "./plugctl/client.ts";
import { nameOf, pluginIdOf } from "./plugin-id.ts";
import { fromWireSource, toInstallBody, toTaskSource } from "./sources.ts";
import { openWatch } from "./watch/open.ts";
import type { Patience } from "./watch/polling.ts";
import type { Expectation, TaskOutcome } from "./watch/watch.ts";

export function createInstallation(backend: DebBackend, patience?: Patience): Installation {
  return {
    async install(request, progress) {
      refuseForeignOptions(request);
      const { source, replace = false, dryRun } = request;
      const server = await backend.serverIfOurs();
      if (server === undefined) {
        if (dryRun) await backend.server("dry run");
        return changed(await installOnWazo(source, { replace }, progress));
      }
      const options = replace ? { reinstall: true, allowDowngrade: true } : {};
      return installOnServer(server, source, { ...options, dryRun }, progress);
    },

    async update({ name, version, dryRun }, progress) {
      const id = pluginIdOf(name);
      const server = await backend.serverIfOurs();
      if (server === undefined) {
        if (dryRun) await backend.server("dry run");
        return changed(await updateOnWazo(name, version, progress));
      }
      const installed = (await server.plugins()).find((plugin) => nameOf(plugin) === name);
      if (installed === undefined) throw notInstalled(name);
      if (version !== undefined) {
        const source: InstallSource = { type: "market", name: nameOf(id), version };
        return installOnServer(server, source, { allowDowngrade: true, dryRun }, progress);
      }
      const newer = (await server.outdated()).find((plugin) => nameOf(plugin) === name)?.latest ?? undefined;
      const source: InstallSource =
        newer === undefined
          ? originOf(name, fromWireSource(installed.origin))
          : { type: "market", name, version: newer };
      return installOnServer(server, source, { dryRun }, progress);
    },

    async rollback({ name, dryRun }, progress) {
      const server = await backend.server("rollback");
      const body: TaskBody = { action: "rollback", ...pluginIdOf(name) };
      if (dryRun) return planned(name, await server.plan(body));
      return changed(
        await watched({ action: "install", label: name, plugin: pluginIdOf(name) }, progress, () =>
          server.begin(body),
        ),
      );
    },

    async outdated() {
      const server = await backend.serverIfOurs();
      if (server !== undefined) {
        return outdatedOnServer(server);
      }
      const [plugins, offers] = await Promise.all([
        backend.plugind.plugins(),
        backend.plugind.market({ installed: true }),
      ]);
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

  /** That no market has a plugin is no fault: what its repository has newer is seen by an update. */
  async function outdatedOnServer(server: ServerClient): Promise<OutdatedPlugin[]> {
    const [plugins, newer, offers] = await Promise.all([
      server.plugins(),
      server.outdated(),
      backend.plugind.market({ installed: true }),
    ]);
    const states = new Map(newer.map((state) => [nameOf(state), state]));
    const offered = new Set(offers.map(nameOf));
    return plugins.map((plugin) => {
      const name = nameOf(plugin);
      const { latest = null, problem = null } = states.get(name) ?? {};
      const known = problem === null || !offered.has(name);
      return {
        name,
        version: plugin.version,
        latest: latest ?? (known ? plugin.version : null),
        digestChanged: false,
        problem: known ? null : problem,
      };
    });
  }

  async function watched(
    expectation: Expectation,
    progress: ProgressListener,
    begin: () => Promise<string>,
  ): Promise<TaskOutcome> {
    await using watch = await openWatch(backend, expectation, patience);
    return await watch.follow(await begin(), progress);
  }

  async function installOnServer(
    server: ServerClient,
    source: InstallSource,
    { dryRun, ...options }: { reinstall?: boolean; allowDowngrade?: boolean; dryRun: boolean },
    progress: ProgressListener,
  ): Promise<InstallationChange> {
    const taskSource = await toTaskSource(source, server, { backend, progress });
    const body: TaskBody = { action: "install", source: taskSource, ...options };
    if (dryRun) return planned(labelOf(source), await server.plan(body));
    const simple = source.type !== "path" && Object.keys(options).length === 0;
    return changed(
      await watched(expectationOf(source), progress, () =>
        simple
          ? backend.plugind.install(toInstallBody(source, backend), { reinstall: false })
          : server.begin(body),
      ),
    );
  }

  async function installOnWazo(
    source: InstallSource,
    { replace }: { replace: boolean },
    progress: ProgressListener,
  ): Promise<TaskOutcome> {
    const body = toInstallBody(source, backend);
    if (source.type === "git" && source.ref !== undefined && /^[0-9a-f]{40}$/.test(source.ref)) {
      throw new PlugctlError(
        "UNSUPPORTED",
        `target "${backend.target}" is a wazo-plugind, which installs branches and tags, and ${source.ref} is a commit`,
        { hint: "name a tag, or use plugctl serve, which takes commits as well" },
      );
    }
    if (source.type === "market" && !replace) {
      const there = await standing(source.name, source.version);
      if (there !== undefined) return there;
    }
    return watched(expectationOf(source), progress, () =>
      backend.plugind.install(body, { reinstall: replace }),
    );
  }

  async function updateOnWazo(name: string, version: string | undefined, progress: ProgressListener) {
    const installed = await backend.plugind.plugins();
    if (!installed.some((plugin) => nameOf(plugin) === name)) throw notInstalled(name);
    const offers = await backend.plugind.market({ installed: true });
    const offer = offers.find((item) => nameOf(item) === name);
    if (offer === undefined) originOf(name, undefined);
    return installOnWazo({ type: "market", name, version }, { replace: false }, progress);
  }

  /**
   * What an installation from the market would find done, or could not do: a wazo-plugind answers "completed" to both.
   * @throws NOT_FOUND where the market has nothing that fits.
   */
  async function standing(name: string, version: string | undefined): Promise<TaskOutcome | undefined> {
    const item = (await backend.plugind.market()).find((found) => nameOf(found) === name);
    if (item === undefined) {
      throw notFoundError(`the market of target "${backend.target}" has no plugin ${name}`, {
        hint: "plugctl search lists what it has; git:URL installs from a repository",
      });
    }
    const current = item.installed_version ?? null;
    const wanted = version ?? newest(item);
    const fits = item.versions?.some((offered) => offered.version === wanted && offered.upgradable !== false);
    if (wanted !== undefined && wanted !== current && fits) return undefined;
    if (current !== null && (wanted === undefined || wanted === current)) {
      return { name, version: current, previousVersion: current, changed: false, warnings: [], more: {} };
    }
    const offered = item.versions?.map((one) => one.version).join(", ") || "none";
    throw notFoundError(
      version === undefined
        ? `no version of ${name} in the market fits target "${backend.target}"`
        : `version ${version} of ${name} is not in the market, or does not fit target "${backend.target}"`,
      { hint: `versions: ${offered}` },
    );
  }
}

/** Where an update looks. @throws CONFLICT when that is not known. */
function originOf(name: string, source: InstallSource | undefined): InstallSource {
  if (source === undefined) {
    throw conflictError(`where ${name} came from is not recorded, or was a file`, {
      hint: "install the new version from where it is: plugctl install TARGET:git:URL, or TARGET:./folder",
    });
  }
  // A version that was asked for once is not asked for again.
  return source.type === "market" ? { type: "market", name: source.name } : source;
}

const labelOf = (source: InstallSource): string =>
  source.type === "market"
    ? source.name
    : source.type === "git"
      ? source.url
      : source.type === "path"
        ? source.path
        : source.reference;

const expectationOf = (source: InstallSource): Expectation => ({
  action: "install",
  label: labelOf(source),
  plugin: source.type === "market" ? pluginIdOf(source.name) : undefined,
});

const notInstalled = (name: string) =>
  notFoundError(`${name} is not installed`, { hint: "plugctl list shows what is" });

function changed({ more, ...outcome }: TaskOutcome): InstallationChange {
  return { ...outcome, state: "installed", plan: [], ...more };
}

/** @throws USAGE for what a package on a host has no counterpart for. */
function refuseForeignOptions({ name, settings, build, start }: InstallRequest): void {
  const why = "a plugin of a Debian host";
  if (name !== undefined) throw usageError(`--name does not fit: the plugin.yml of ${why} says its name`);
  if (build) throw usageError(`--build does not fit: ${why} is always built from its source`);
  if (!start) throw usageError(`--no-start does not fit: ${why} is not started, it is installed`);
  const [first] = Object.keys(settings);
  if (first !== undefined) {
    throw usageError(`settings (${first}) do not fit: ${why} is configured by files on the host`);
  }
}
