import type { Plugin, PluginDetail } from "../core/plugin.ts";
import { readBlueprint } from "./blueprint.ts";
import { containerEnv } from "./body.ts";
import { LABEL } from "./labels.ts";
import type { Container, ContainerSummary } from "./schema.ts";
import { toEngineState, toPluginState } from "./states.ts";

/** A row of the list, from what the engine's list says. */
export function toPlugin(container: ContainerSummary): Plugin {
  const { Labels: labels, State, Status } = container;
  const state = toEngineState(State);
  return {
    ...identity(labels),
    state: toPluginState(state, exitCodeIn(Status)),
    nativeState: State,
    updatedAt: new Date(container.Created * 1000).toISOString(),
    image: container.Image,
    status: Status,
    health: /\((healthy|unhealthy|health: starting)\)/.exec(Status)?.[1]?.replace("health: ", "") ?? null,
    ports: container.Ports.flatMap(({ IP, PublicPort, PrivatePort, Type }) =>
      PublicPort === undefined ? [] : [`${IP ?? "0.0.0.0"}:${PublicPort}:${PrivatePort}/${Type}`],
    ).sort(),
  };
}

/** Everything that is known of one plugin; values of variables are left out. */
export function toPluginDetail(container: Container): PluginDetail {
  const { Config, State, HostConfig } = container;
  const blueprint = readBlueprint(Config.Labels, Config.Env);
  const state = toEngineState(State.Status);
  const ended = state === "exited" || state === "dead";
  return {
    kind: "container",
    ...identity(Config.Labels),
    state: toPluginState(state, State.ExitCode),
    nativeState: State.Status,
    updatedAt: new Date(container.Created).toISOString(),
    image: blueprint?.recipe.image ?? Config.Image,
    imageDigest: Config.Labels[LABEL.imageDigest] ?? null,
    manifestDigest: Config.Labels[LABEL.manifestDigest] ?? null,
    containerId: container.Id,
    exitCode: ended ? State.ExitCode : null,
    failure: State.Error || (State.OOMKilled === true ? "out of memory" : null),
    startedAt: time(State.StartedAt),
    finishedAt: time(State.FinishedAt),
    restarts: container.RestartCount ?? 0,
    health: State.Health?.Status ?? null,
    restart: HostConfig.RestartPolicy?.Name || "no",
    variables:
      blueprint === undefined ? [] : Object.keys(containerEnv(blueprint.recipe, blueprint.settings)).sort(),
    volumes: container.Mounts.map(
      ({ Type, Name, Source, Destination, RW }) =>
        `${(Type === "volume" ? Name : undefined) ?? Source ?? ""}:${Destination}${RW === false ? ":ro" : ""}`,
    ),
    ports: publishedPorts(container),
    networks: Object.keys(container.NetworkSettings.Networks),
  };
}

export function publishedPorts({ NetworkSettings }: Container): string[] {
  return Object.entries(NetworkSettings.Ports)
    .flatMap(([key, bindings]) =>
      (bindings ?? []).map(({ HostIp, HostPort }) => `${HostIp || "0.0.0.0"}:${HostPort}:${key}`),
    )
    .sort();
}

function identity(labels: Readonly<Record<string, string>>) {
  return {
    name: labels[LABEL.plugin] ?? "",
    version: labels[LABEL.version] ?? null,
    description: labels[LABEL.description] ?? null,
    origin: labels[LABEL.origin] ?? null,
    user: labels[LABEL.user] ?? null,
  };
}

/** The list has no field for it, only `Exited (137) 5 minutes ago`. */
function exitCodeIn(status: string): number | null {
  const code = /^Exited \((\d+)\)/.exec(status)?.[1];
  return code === undefined ? null : Number(code);
}

/** Engines write the year 1 for never. */
const time = (stamp: string | undefined) =>
  stamp === undefined || stamp.startsWith("0001-") ? null : new Date(stamp).toISOString();
