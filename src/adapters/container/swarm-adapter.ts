import type { Adapter } from "../../core/capabilities.ts";
import { PlugctlError } from "../../core/errors.ts";
import {
  changeServiceSettings,
  installService,
  rollbackService,
  updateService,
} from "../../engine/swarm/change.ts";
import { createServiceLifecycle } from "../../engine/swarm/lifecycle.ts";
import {
  createServiceLogs,
  createServiceShell,
  listServicePlugins,
  servicePluginDetail,
} from "../../engine/swarm/observe.ts";
import { removeService } from "../../engine/swarm/remove.ts";
import { listServices, pluginService } from "../../engine/swarm/services.ts";
import { readServiceSettings } from "../../engine/swarm/settings.ts";
import type { Connection } from "../adapter.ts";
import { search } from "./catalogues.ts";
import { createComparison } from "./comparison.ts";
import { createHealthCheck } from "./health-check.ts";
import { createInstallation, type Installer } from "./installation.ts";
import { createPortability } from "./portability.ts";
import { openWorkshop } from "./workshop.ts";

/**
 * Connects to the manager of a Docker Swarm: a plugin is a service. Statistics, backups and images are of single engines,
 * and a swarm has many.
 */
export function createSwarmAdapter(connection: Connection): Adapter {
  const shop = openWorkshop(connection);
  const installer: Installer = {
    install(order, progress) {
      if (order.ingredients.buildFolder === null) return installService(shop, order, progress);
      throw new PlugctlError("UNSUPPORTED", "what is built on one node is not on the others", {
        hint: "push the image to a registry that all nodes reach",
      });
    },
    update: (order, progress) => updateService(shop, order, progress),
    rollback: (request, progress) => rollbackService(shop, request, progress),
    async find(name) {
      const { Labels: labels, TaskTemplate } = (await pluginService(shop, name)).Spec;
      return { labels, imageId: null, environment: TaskTemplate.ContainerSpec.Env };
    },
    list: async () => (await listServices(shop)).map(({ Spec }) => ({ labels: Spec.Labels, imageId: null })),
  };
  return {
    kind: "container",
    target: connection.target,
    can: {
      health: createHealthCheck(shop.client),
      listing: { list: () => listServicePlugins(shop) },
      inspection: { info: ({ name }) => servicePluginDetail(shop, name) },
      catalogue: { search: (query) => search(connection, query) },
      installation: createInstallation(connection, shop, installer),
      removal: {
        remove: (request) => removeService(shop, request),
        describe: ({ name, purge }) =>
          purge
            ? `the service ${name} is removed, and its volumes on the manager's node are deleted for ever`
            : `the service ${name} is removed; its volumes are kept for the next installation`,
      },
      lifecycle: createServiceLifecycle(shop),
      settings: {
        get: (name) => readServiceSettings(shop, name),
        set: (request, progress) => changeServiceSettings(shop, request, progress),
      },
      logs: createServiceLogs(shop),
      shell: createServiceShell(shop),
      comparison: createComparison(connection, shop, installer),
      portability: createPortability(installer),
    },
    close: () => shop.client.close(),
  };
}
