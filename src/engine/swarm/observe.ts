import { conflictError, PlugctlError } from "../../core/errors.ts";
import type { Logs, Shell } from "../../core/observation.ts";
import type { Plugin, PluginDetail } from "../../core/plugin.ts";
import { readBlueprint, readProvenance } from "../blueprint.ts";
import { containerEnv } from "../body.ts";
import { type EngineScope, findAnyContainer } from "../containers.ts";
import { readFrames } from "../frames.ts";
import { LABEL } from "../labels.ts";
import { LogLines } from "../log-lines.ts";
import { toSeconds } from "../logs.ts";
import { runInContainer } from "../shell.ts";
import { dialStream } from "../transport.ts";
import type { Service, Task } from "./schema.ts";
import { isRunning, listServices, listTasks, pluginService, replicasOf, stateOf } from "./services.ts";

export async function listServicePlugins(scope: EngineScope): Promise<Plugin[]> {
  const services = await listServices(scope);
  const tasks = await listTasks(
    scope,
    services.map(({ ID }) => ID),
  );
  return services.map((service) => toPlugin(service, tasks)).sort((a, b) => a.name.localeCompare(b.name));
}

export async function servicePluginDetail(scope: EngineScope, name: string): Promise<PluginDetail> {
  const service = await pluginService(scope, name);
  const tasks = await listTasks(scope, [service.ID]);
  const blueprint = readBlueprint(service.Spec.Labels, service.Spec.TaskTemplate.ContainerSpec.Env);
  return {
    kind: "container",
    ...toPlugin(service, tasks),
    serviceId: service.ID,
    variables:
      blueprint === undefined ? [] : Object.keys(containerEnv(blueprint.recipe, blueprint.settings)).sort(),
    tasks: tasks.map(({ ID, Slot, NodeID, Status, DesiredState }) => ({
      ...{ id: ID, slot: Slot ?? null, node: NodeID ?? null },
      ...{ state: Status.State, desiredState: DesiredState, failure: Status.Err ?? null },
    })),
  };
}

/** Of all tasks, also of those that come while it is followed; a line does not tell which task wrote it. */
export function createServiceLogs(scope: EngineScope): Logs {
  return {
    async *logs({ name, follow, tail, since, until }) {
      const { ID } = await pluginService(scope, name);
      const query = {
        ...{ stdout: true, stderr: true, timestamps: true, follow },
        ...(tail === undefined ? {} : { tail }),
        ...(since === undefined ? {} : { since: toSeconds(since.toISOString()) }),
      };
      const { body, error } = await scope.client.stream(
        (docker, signal) => dialStream(docker, { path: `/services/${ID}/logs`, query, signal }),
        { subject: `plugin "${name}"` },
      );
      const lines = new LogLines(name);
      try {
        for await (const frame of readFrames(body)) {
          for (const line of lines.push(frame)) {
            // The engine takes no end for the log of a service.
            if (until === undefined || Date.parse(line.at ?? "") <= until.getTime()) yield line;
          }
        }
        yield* lines.end();
      } catch (thrown) {
        throw error(thrown);
      } finally {
        body.destroy();
      }
    },
  };
}

/** In the newest running task on the node of the target. @throws CONFLICT when none runs, UNSUPPORTED when all are elsewhere. */
export function createServiceShell(scope: EngineScope): Shell {
  return {
    async shell(session) {
      const service = await pluginService(scope, session.name);
      const running = (await listTasks(scope, [service.ID])).filter(isRunning);
      if (running.length === 0) throw conflictError(`no task of ${session.name} runs: nothing can run in it`);
      const id = await localContainer(scope, running);
      if (id === undefined) throw elsewhere(session.name, running);
      const recipe = readBlueprint(service.Spec.Labels, [])?.recipe;
      return runInContainer(scope, id, {
        ...session,
        command: session.command ?? recipe?.shell ?? ["/bin/sh"],
      });
    },
  };
}

async function localContainer(scope: EngineScope, tasks: readonly Task[]): Promise<string | undefined> {
  for (const { Status } of tasks) {
    const id = Status.ContainerStatus?.ContainerID;
    if (id !== undefined && (await findAnyContainer(scope.client, id)) !== undefined) return id;
  }
  return undefined;
}

function elsewhere(name: string, tasks: readonly Task[]) {
  const nodes = [...new Set(tasks.map(({ NodeID }) => NodeID ?? "?"))].join(", ");
  return new PlugctlError(
    "UNSUPPORTED",
    `${name} runs on other nodes than the one of this target: ${nodes}`,
    {
      hint: "a target for the engine of such a node reaches it",
    },
  );
}

function toPlugin(service: Service, tasks: readonly Task[]): Plugin {
  const { Labels, TaskTemplate } = service.Spec;
  const { plugin, version, description, origin } = readProvenance({ Config: { Labels } });
  return {
    ...{ name: plugin, version, description, origin, user: Labels[LABEL.user] ?? null },
    ...stateOf(service, tasks),
    updatedAt: new Date(service.UpdatedAt).toISOString(),
    replicas: replicasOf(service.Spec),
    image: readBlueprint(Labels, [])?.recipe.image ?? TaskTemplate.ContainerSpec.Image,
    imageDigest: Labels[LABEL.imageDigest] || null,
    ports: (service.Endpoint?.Ports ?? []).map(
      ({ PublishedPort, TargetPort, Protocol }) =>
        `0.0.0.0:${PublishedPort}:${TargetPort}/${Protocol ?? "tcp"}`,
    ),
  };
}
