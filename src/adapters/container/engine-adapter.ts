import type { Adapter } from "../../core/capabilities.ts";
import { listContainers, roleOfContainer } from "../../engine/containers.ts";
import { createLifecycle } from "../../engine/lifecycle.ts";
import { toPlugin } from "../../engine/map.ts";
import { recover } from "../../engine/recover.ts";
import { createStatistics } from "../../engine/stats.ts";
import type { Connection } from "../adapter.ts";
import { createHealthCheck } from "./health-check.ts";
import { openWorkshop } from "./workshop.ts";

/** Connects to a Docker-compatible engine. */
export function createEngineAdapter(connection: Connection): Adapter {
  const shop = openWorkshop(connection);
  // What changes a plugin, or streams, needs libraries that a look at the list does not.
  const installation = async () => {
    const { containerInstaller, createInstallation } = await import("./installation.ts");
    return createInstallation(connection, shop, containerInstaller(shop));
  };
  const settings = () => import("../../engine/settings.ts");
  const installer = async () => (await import("./installation.ts")).containerInstaller(shop);
  return {
    kind: "container",
    target: connection.target,
    can: {
      health: createHealthCheck(shop.client),
      listing: {
        async list() {
          let containers = await listContainers(shop);
          if (await recover(shop, containers)) containers = await listContainers(shop);
          return containers
            .filter((container) => roleOfContainer(container) === "current")
            .map(toPlugin)
            .sort((one, other) => one.name.localeCompare(other.name));
        },
      },
      inspection: {
        info: async (wanted) =>
          (await import("./inspection.ts")).createInspection(connection, shop).info(wanted),
      },
      catalogue: {
        search: async (query) => (await import("./catalogues.ts")).search(connection, query),
      },
      installation: {
        install: async (request, progress) => (await installation()).install(request, progress),
        update: async (request, progress) => (await installation()).update(request, progress),
        rollback: async (request, progress) => (await installation()).rollback(request, progress),
        outdated: async () => (await installation()).outdated(),
      },
      removal: {
        remove: async (request) => (await import("../../engine/remove.ts")).removePlugin(shop, request),
        describe: ({ name, purge }) =>
          purge
            ? `${name} is stopped and removed, and everything in its volumes is deleted for ever`
            : `${name} is stopped and removed; its volumes are kept for the next installation`,
      },
      lifecycle: createLifecycle(shop),
      settings: {
        get: async (name) => (await settings()).readSettings(shop, name),
        set: async (request, progress) => (await settings()).changeSettings(shop, request, progress),
      },
      logs: {
        async *logs(query) {
          yield* (await import("../../engine/logs.ts")).createLogs(shop).logs(query);
        },
      },
      shell: {
        shell: async (session) => (await import("../../engine/shell.ts")).createShell(shop).shell(session),
      },
      statistics: createStatistics(shop),
      safekeeping: {
        backup: async (request, progress) =>
          (await import("../../engine/backup.ts")).backupPlugin(shop, request, progress),
        restore: async (request, progress) =>
          (await import("../../engine/restore.ts")).restorePlugin(shop, request, progress),
      },
      images: {
        images: async () => (await import("../../engine/images.ts")).createImages(shop).images(),
        prune: async (request) => (await import("../../engine/images.ts")).createImages(shop).prune(request),
      },
      comparison: {
        diff: async (name) =>
          (await import("./comparison.ts")).createComparison(connection, shop, await installer()).diff(name),
      },
      portability: {
        export: async (names) =>
          (await import("./portability.ts")).createPortability(await installer()).export(names),
      },
    },
    close: () => shop.client.close(),
  };
}
