import type * as z from "zod/mini";
import { PlugctlError, usageError } from "../../../core/errors.ts";
import type {
  Installation,
  InstallationChange,
  InstallRequest,
  InstallSource,
} from "../../../core/installation.ts";
import { parseImageReference } from "../../../core/marketplace/image-reference.ts";
import type { Plugin } from "../../../core/plugin.ts";
import type { ProgressListener } from "../../../core/progress.ts";
import { followOperation } from "../../administration/follow.ts";
import type { StateChange, ThingerClient } from "./client.ts";
import { toPlugin } from "./map.ts";
import { marketplaceSchema, outcomeSchema } from "./schema.ts";
import { wireSettings } from "./settings.ts";

/** Installations that the server itself makes, from its own marketplace or an image. */
export function createInstallation(client: ThingerClient, signal: AbortSignal): Installation {
  const run = async (plugin: string, body: StateChange, progress: ProgressListener) =>
    toOutcome(
      (await followOperation(client.http, await client.begin(plugin, body), { signal, progress })).result,
    );
  return {
    async install(request, progress) {
      const { plugin, body } = order(request);
      const before = request.replace ? await installed(client, plugin) : undefined;
      if (request.dryRun) return announced(plugin, `ask the server to install ${plugin}`);
      const outcome = await run(plugin, before === undefined ? body : upgrade(request.source), progress);
      return changed(client, plugin, before?.version ?? null, outcome);
    },
    async update({ name, version, dryRun }, progress) {
      const before = toPlugin(await client.info(name));
      if (dryRun) return announced(name, `ask the server for ${version ?? "the newest version"} of ${name}`);
      const outcome = await run(name, upgrade({ type: "market", name, version }), progress);
      return changed(client, name, before.version, outcome);
    },
    async rollback({ name, dryRun }, progress) {
      await client.requirePlugctl(
        "goes back to no earlier version",
        `"plugctl update ${name}@VERSION" installs the version before`,
      );
      const before = toPlugin(await client.info(name));
      if (dryRun) {
        const { plan = [] } = await client.change(name, { action: "rollback", dryRun });
        return { ...announced(name, ...plan), state: before.state };
      }
      const outcome = await run(name, { action: "rollback" }, progress);
      return { ...(await changed(client, name, before.version, outcome)), changed: true };
    },
    async outdated() {
      const [plugins, { items }] = await Promise.all([
        client.list(),
        client.http.json("GET", "marketplace", { schema: marketplaceSchema, query: { deprecated: "1" } }),
      ]);
      const offered = new Map(items.map(({ name, version }) => [name, version]));
      return plugins.map(toPlugin).map(({ name, version }) => ({
        ...{ name, version },
        latest: offered.get(name) ?? version,
        digestChanged: false,
        problem: null,
      }));
    },
  };

  function order({ source, name, settings, build, start, replace }: InstallRequest) {
    if (replace && source.type !== "market") {
      throw usageError(
        "--replace by what is not of the marketplace is done on an engine, and this target is a server",
      );
    }
    if (build) throw usageError("--build is done on an engine, and this target is a server");
    const body = { action: "install" as const, settings: wireSettings(client, settings), start };
    switch (source.type) {
      case "market": {
        const version = source.version === undefined ? {} : { version: source.version };
        return { plugin: name ?? source.name, body: { ...body, entry: source.name, ...version } };
      }
      case "image": {
        const { repository } = parseImageReference(source.reference);
        const last = (repository.split("/").at(-1) ?? repository).replaceAll(".", "-");
        return { plugin: name ?? last, body: { ...body, image: source.reference } };
      }
      default:
        throw unsupported(
          client,
          "installs from its own marketplace, or an image",
          "publish the entry to the server, or install it on an engine",
        );
    }
  }
}

type Outcome = z.output<typeof outcomeSchema>;

/** What the server says beside success; another server than plugctl's may say nothing. */
function toOutcome(result: unknown): Outcome {
  const parsed = outcomeSchema.safeParse(result);
  return parsed.success ? parsed.data : { warnings: [] };
}

function upgrade(source: InstallSource): StateChange {
  const version = source.type === "market" ? source.version : undefined;
  return { action: "upgrade", ...(version === undefined ? {} : { version }) };
}

async function installed(client: ThingerClient, plugin: string): Promise<Plugin | undefined> {
  const plugins = (await client.list()).map(toPlugin);
  return plugins.find(({ name }) => name === plugin);
}

async function changed(
  client: ThingerClient,
  plugin: string,
  previousVersion: string | null,
  { warnings }: Outcome,
): Promise<InstallationChange> {
  const { name, version, state } = toPlugin(await client.info(plugin));
  const isChanged = previousVersion === null || previousVersion !== version;
  return { name, version, previousVersion, state, changed: isChanged, warnings, plan: [] };
}

const announced = (name: string, ...plan: string[]): InstallationChange => ({
  ...{ name, version: null, previousVersion: null, state: "available" },
  ...{ changed: false, warnings: [], plan },
});

const unsupported = ({ http }: ThingerClient, what: string, hint: string) =>
  new PlugctlError("UNSUPPORTED", `target "${http.target}" is a server that ${what}`, { hint });
