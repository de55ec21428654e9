import { type ContainerDesign, designLabels, designMounts, engineEnv, healthcheck, limits } from "../body.ts";
import { containerNames } from "../names.ts";
import { parsePort } from "../user-settings.ts";
import type { SecretUse } from "./schema.ts";

const NANO = 1e9;
/** How long a task has to hold before the next one is replaced, and before an update counts as good. */
const MONITOR_SECONDS = 3;

/** The body of `POST /services/create`: as many equal tasks as the settings say, replaced one after the other. */
export function serviceSpec(
  design: ContainerDesign,
  { replicas, secrets }: { replicas: number; secrets: readonly SecretUse[] },
): Record<string, unknown> {
  const { recipe, settings, provenance, user } = design;
  const { Memory, NanoCpus, PidsLimit } = limits(recipe, settings);
  const { Healthcheck } = healthcheck(recipe.health);
  const rolling = { Parallelism: 1, Monitor: MONITOR_SECONDS * NANO, Order: "stop-first" };
  return {
    Name: containerNames(user, provenance.plugin).current,
    Labels: designLabels(design),
    TaskTemplate: {
      ContainerSpec: {
        Image: design.image,
        Hostname: provenance.plugin,
        Env: engineEnv(recipe, settings),
        Mounts: designMounts(design),
        Secrets: secrets,
        ...(recipe.user === null ? {} : { User: recipe.user }),
        ...(recipe.cmd === null ? {} : { Args: recipe.cmd }),
        ...(recipe.stop.signal === null ? {} : { StopSignal: recipe.stop.signal }),
        ...(recipe.stop.timeoutSeconds === null
          ? {}
          : { StopGracePeriod: recipe.stop.timeoutSeconds * NANO }),
        ...(Healthcheck === undefined ? {} : { HealthCheck: Healthcheck }),
      },
      Resources: {
        Limits: {
          ...(Memory === undefined ? {} : { MemoryBytes: Memory }),
          ...(NanoCpus === undefined ? {} : { NanoCPUs: NanoCpus }),
          ...(PidsLimit === undefined ? {} : { Pids: PidsLimit }),
        },
      },
      RestartPolicy: { Condition: restartCondition(settings.restart), Delay: NANO },
      ...(settings.placement === undefined ? {} : { Placement: { Constraints: settings.placement } }),
      Networks: [{ Target: design.network, Aliases: [provenance.plugin] }],
    },
    Mode: { Replicated: { Replicas: replicas } },
    UpdateConfig: { ...rolling, FailureAction: "rollback" },
    RollbackConfig: { ...rolling, FailureAction: "pause" },
    EndpointSpec: {
      Ports: (settings.ports ?? []).map(parsePort).map(({ key, hostPort }) => {
        const [port, protocol] = key.split("/");
        return { Protocol: protocol, TargetPort: Number(port), PublishedPort: Number(hostPort) };
      }),
    },
  };
}

/** What a plan or setting says that services have no word for; one sentence each. */
export function serviceWarnings({ recipe, settings }: ContainerDesign): string[] {
  return [
    ...(recipe.extraHosts.length > 0
      ? ["the host names of the platform are not added: services cannot"]
      : []),
    ...((settings.ports ?? []).length > 0
      ? ["published ports are open at every address of every node: a swarm knows no other way"]
      : []),
    ...recipe.networks.map((name) => `the network "${name}" is not joined: a service has its user's network`),
  ];
}

function restartCondition(policy: string | undefined): string {
  if (policy === "no") return "none";
  return policy === "on-failure" ? "on-failure" : "any";
}
