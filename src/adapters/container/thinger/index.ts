import type { Adapter } from "../../../core/capabilities.ts";
import { isPlugctlError } from "../../../core/errors.ts";
import type { Lifecycle, LifecycleAction } from "../../../core/lifecycle.ts";
import type { Connection } from "../../adapter.ts";
import { createHttpClient } from "../../http/client.ts";
import { path } from "../../http/path.ts";
import { ThingerClient } from "./client.ts";
import { createInstallation } from "./installation.ts";
import { createLogs } from "./logs.ts";
import { toPlugin, toPluginDetail } from "./map.ts";
import { findInMarketplace, searchMarketplace } from "./marketplace.ts";
import { createComparison, createPortability } from "./portability.ts";
import { accessSchema } from "./schema.ts";

/**
 * Connects to a Thinger.io server, or to plugctl's own, which answers the same API. What that API has no word for (a
 * plugin's settings, statistics, backups, images) such a target does not have.
 */
export function createThingerAdapter(connection: Connection): Adapter {
  const http = createHttpClient(connection, { prefix: "/api/v1" });
  const client = new ThingerClient(http, connection.container?.user);
  return {
    kind: "container",
    target: connection.target,
    can: {
      health: {
        async check() {
          await client.list();
          return { product: "Thinger.io plugin API", version: null, login: await client.user() };
        },
      },
      listing: {
        list: async () =>
          (await client.list()).map(toPlugin).sort((one, other) => one.name.localeCompare(other.name)),
      },
      inspection: { info: ({ name, version }) => inspect(client, name, version) },
      catalogue: { search: (query) => searchMarketplace(http, query) },
      installation: createInstallation(client, connection.signal),
      removal: {
        async remove({ name, purge, dryRun }) {
          const { version, state } = toPlugin(await client.info(name));
          if (dryRun) return [{ name, version: version ?? "", state }];
          await client.change(name, { action: "remove", purge });
          return [{ name, version: version ?? "", state: purge ? "purged" : "removed" }];
        },
        describe: ({ name, purge }) =>
          purge
            ? `${name} is stopped and removed, and all of its data is deleted for ever`
            : `${name} is stopped and removed; its data is kept for the next installation`,
      },
      lifecycle: createLifecycle(client),
      logs: createLogs(client),
      shell: {
        shell: async (session) => (await import("./shell.ts")).createShell(connection, client).shell(session),
      },
      access: {
        get: async (name) =>
          http.json("GET", path`container/plugins/${name}/access`, {
            schema: accessSchema,
            query: { user: await client.user() },
          }),
        set: async (name, access, { force }) =>
          http.json("PUT", path`container/plugins/${name}/access`, {
            schema: accessSchema,
            query: { user: await client.user() },
            body: { access, force },
          }),
      },
      comparison: createComparison(client),
      portability: createPortability(client),
    },
    close: () => http.close(),
  };
}

function createLifecycle(client: ThingerClient): Lifecycle {
  const act = async (name: string, action: LifecycleAction, options: object = {}) => ({
    name,
    ...(await client.change(name, { action, ...options })),
  });
  return {
    start: (name) => act(name, "start"),
    stop: (name, options) => act(name, "stop", options),
    kill: (name, options) => act(name, "kill", options),
    restart: (name, options) => act(name, "restart", options),
    pause: (name) => act(name, "pause"),
    resume: (name) => act(name, "resume"),
  };
}

/** What is installed, with the pages of its entry; else what the marketplace says. @throws NOT_FOUND. */
async function inspect(client: ThingerClient, name: string, version: string | undefined) {
  try {
    const installed = toPluginDetail(await client.info(name));
    if (version === undefined || version === installed.version) {
      const { readme = null, changelog = null } = (await findInMarketplace(client.http, name)) ?? {};
      return { ...installed, readme, changelog };
    }
  } catch (error) {
    if (!isPlugctlError(error) || error.code !== "NOT_FOUND") throw error;
    const offered = await findInMarketplace(client.http, name, version);
    if (offered === undefined) throw error;
    return offered;
  }
  return (await findInMarketplace(client.http, name, version)) ?? toPluginDetail(await client.info(name));
}
