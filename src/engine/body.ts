import type { PlannedHealth } from "../core/marketplace/plan.ts";
import { writeBlueprint } from "./blueprint.ts";
import { LABEL } from "./labels.ts";
import { ownName } from "./names.ts";
import type { Provenance, Recipe } from "./recipe.ts";
import { parsePort, parseVolume, type UserSettings } from "./user-settings.ts";
import type { Placement } from "./volumes.ts";

/** Everything that decides what a container is like. */
export interface ContainerDesign {
  user: string;
  provenance: Provenance;
  recipe: Recipe;
  settings: UserSettings;
  /** Pinned: the digest's reference, or the id of an image that comes from no registry. */
  image: string;
  imageDigest: string;
  /** Paths in the container that the image declares as holding data. */
  imageVolumes: readonly string[];
  /** The user's network. */
  network: string;
  placement: Placement;
}

export interface EngineMount {
  Type: "volume" | "bind";
  Source: string;
  Target: string;
  ReadOnly: boolean;
  VolumeOptions?: { Labels: Record<string, string> };
}

const NANO = 1e9;

/** The labels of everything that belongs to a plugin. */
export const ownLabels = (user: string, plugin: string) => ({ [LABEL.plugin]: plugin, [LABEL.user]: user });

/** The container's variables: the plan's, then the user's, who may take some away. */
export function containerEnv(recipe: Recipe, settings: UserSettings): Record<string, string> {
  const merged: Record<string, string | null> = { ...recipe.env, ...settings.env };
  return Object.fromEntries(
    Object.entries(merged).filter((item): item is [string, string] => item[1] !== null),
  );
}

/** Environment in the engine's form: a name alone takes the image's own variable away. */
export function engineEnv(recipe: Recipe, settings: UserSettings): string[] {
  const removed = Object.entries(settings.env ?? {}).filter(([, value]) => value === null);
  const set = Object.entries(containerEnv(recipe, settings)).map(([name, value]) => `${name}=${value}`);
  return [...set, ...removed.map(([name]) => name)];
}

export function designLabels(design: ContainerDesign): Record<string, string> {
  const { provenance, recipe, settings } = design;
  const optional = {
    [LABEL.version]: provenance.version,
    [LABEL.manifestDigest]: provenance.manifestDigest,
    [LABEL.description]: provenance.description,
  };
  return {
    ...ownLabels(design.user, provenance.plugin),
    ...Object.fromEntries(
      Object.entries(optional).filter((item): item is [string, string] => item[1] !== null),
    ),
    [LABEL.origin]: provenance.origin,
    [LABEL.imageDigest]: design.imageDigest,
    [LABEL.blueprint]: writeBlueprint(recipe, settings),
  };
}

export function designMounts(design: ContainerDesign): EngineMount[] {
  const { recipe, settings, placement, user, provenance } = design;
  const labels = ownLabels(user, provenance.plugin);
  const planned = recipe.mounts.flatMap((mount): EngineMount[] => {
    const place = placement(mount.source, provenance.plugin);
    if (place === null) return [];
    const common = { Target: mount.target, ReadOnly: mount.readOnly };
    if (place.type === "bind") return [{ Type: "bind", Source: place.path, ...common }];
    // Storages belong to the user, not to the plugin that happens to be the first to use them.
    const own = mount.source.root === "plugin" ? labels : { [LABEL.user]: user };
    return [{ Type: "volume", Source: place.name, ...common, VolumeOptions: { Labels: own } }];
  });
  const wanted = (settings.volumes ?? []).map((text): EngineMount => {
    const { source, target, readOnly } = parseVolume(text);
    const common = { Source: source, Target: target, ReadOnly: readOnly };
    if (source.startsWith("/")) return { Type: "bind", ...common };
    return { Type: "volume", ...common, VolumeOptions: { Labels: labels } };
  });
  const named = override(planned, wanted);
  const declared = design.imageVolumes.map((target): EngineMount => {
    // An engine would make one without a name, which is lost with its container.
    const name = `${ownName(user, provenance.plugin)}.${target.split("/").filter(Boolean).join(".")}`;
    return {
      Type: "volume",
      Source: name,
      Target: target,
      ReadOnly: false,
      VolumeOptions: { Labels: labels },
    };
  });
  return override(declared, named);
}

/** One mount a path. */
function override(mounts: readonly EngineMount[], by: readonly EngineMount[]): EngineMount[] {
  const targets = new Set(by.map(({ Target }) => Target));
  return [...mounts.filter(({ Target }) => !targets.has(Target)), ...by];
}

/** The body of `POST /containers/create`. */
export function containerBody(design: ContainerDesign): Record<string, unknown> {
  const { recipe, settings, provenance } = design;
  const published = (settings.ports ?? []).map(parsePort);
  const exposed = [
    ...recipe.ports.map(({ port, protocol }) => `${port}/${protocol}`),
    ...published.map(({ key }) => key),
  ];
  return {
    Image: design.image,
    Hostname: provenance.plugin,
    ...(recipe.user === null ? {} : { User: recipe.user }),
    ...(recipe.cmd === null ? {} : { Cmd: recipe.cmd }),
    Env: engineEnv(recipe, settings),
    Labels: designLabels(design),
    ExposedPorts: Object.fromEntries(exposed.map((key) => [key, {}])),
    ...(recipe.stop.signal === null ? {} : { StopSignal: recipe.stop.signal }),
    ...(recipe.stop.timeoutSeconds === null ? {} : { StopTimeout: recipe.stop.timeoutSeconds }),
    ...healthcheck(recipe.health),
    HostConfig: {
      NetworkMode: design.network,
      Mounts: designMounts(design),
      PortBindings: Object.fromEntries(
        published.map(({ key, address, hostPort }) => [key, [{ HostIp: address, HostPort: hostPort }]]),
      ),
      ExtraHosts: recipe.extraHosts,
      RestartPolicy: { Name: settings.restart ?? "unless-stopped" },
      ...limits(recipe, settings),
    },
    // Found by its plain name whatever its container is called at the moment.
    NetworkingConfig: { EndpointsConfig: { [design.network]: { Aliases: [provenance.plugin] } } },
  };
}

/** What `POST /containers/{id}/update` can change as well. */
export function limits(recipe: Pick<Recipe, "memoryBytes">, settings: UserSettings): Record<string, number> {
  const memory = settings.memoryBytes ?? recipe.memoryBytes;
  return {
    // Without the second one, swap of the same size would come on top, and a later increase would be refused.
    ...(memory === null ? {} : { Memory: memory, MemorySwap: memory }),
    ...(settings.cpus === undefined ? {} : { NanoCpus: Math.round(settings.cpus * NANO) }),
    ...(settings.pids === undefined ? {} : { PidsLimit: settings.pids }),
  };
}

export function healthcheck(health: PlannedHealth | null): { Healthcheck?: Record<string, unknown> } {
  // A check by address is made from outside: an image need not hold a program that could make it.
  if (health?.command == null) return {};
  return {
    Healthcheck: {
      Test: ["CMD", ...health.command],
      Interval: health.intervalSeconds * NANO,
      Timeout: health.timeoutSeconds * NANO,
      StartPeriod: health.startPeriodSeconds * NANO,
      Retries: health.retries,
    },
  };
}
