import { parseImageReference } from "../core/marketplace/image-reference.ts";
import type {
  ContainerPlan,
  FileOwner,
  PlannedCopy,
  PlannedEndpoint,
  PlannedHealth,
  PlannedPort,
  PlannedStop,
  VolumeLocation,
} from "../core/marketplace/plan.ts";

/** A place of the plan's mounted into the container. */
export interface RecipeMount {
  source: VolumeLocation;
  target: string;
  readOnly: boolean;
  owner: FileOwner;
}

/** What a container is made from before the user's settings: a marketplace entry's plan, or an image alone. */
export interface Recipe {
  /** Complete: has a tag or a digest. */
  image: string;
  alwaysPull: boolean;
  /** From the Dockerfile of its source, not from a registry. */
  built: boolean;
  cmd: string[] | null;
  /** null = the image's own. */
  user: string | null;
  env: Record<string, string>;
  /** Names of variables whose values are not to be shown. */
  secrets: string[];
  mounts: RecipeMount[];
  memoryBytes: number | null;
  networks: string[];
  extraHosts: string[];
  shell: string[];
  ports: PlannedPort[];
  endpoint: PlannedEndpoint | null;
  health: PlannedHealth | null;
  stop: PlannedStop;
}

/** Who a container is and where it came from: what its labels say beside the recipe. */
export interface Provenance {
  plugin: string;
  version: string | null;
  /** In the form that `install` takes. */
  origin: string;
  manifestDigest: string | null;
  description: string | null;
}

/** Everything needed to install or update one plugin. */
export interface Ingredients {
  recipe: Recipe;
  provenance: Provenance;
  /** To be put into volumes before the first start; paths on this machine. */
  copies: { copy: PlannedCopy; folder: string }[];
  /** Build the image from the Dockerfile in this folder instead of pulling it. */
  buildFolder: string | null;
  warnings: string[];
}

export function recipeOfPlan(plan: ContainerPlan, { built }: { built: boolean }): Recipe {
  const { image, cmd, user, env, secrets, memoryBytes, networks, extraHosts } = plan;
  const { shell, ports, endpoint, health, stop } = plan;
  const mounts = plan.volumes.map(({ source, target, readOnly, owner }) => ({
    source,
    target,
    readOnly,
    owner,
  }));
  return {
    image: image.reference,
    alwaysPull: image.alwaysPull,
    built,
    ...{ cmd, user, env, secrets, mounts, memoryBytes, networks, extraHosts },
    ...{ shell, ports, endpoint, health, stop },
  };
}

/** @throws INVALID for what is no image reference. */
export function recipeOfImage(reference: string): Recipe {
  const { tag, digest } = parseImageReference(reference);
  const complete = tag === null && digest === null ? `${reference}:latest` : reference;
  return {
    image: complete,
    alwaysPull: digest === null && (tag ?? "latest") === "latest",
    built: false,
    cmd: null,
    user: null,
    env: {},
    secrets: [],
    mounts: [],
    memoryBytes: null,
    networks: [],
    extraHosts: [],
    shell: ["/bin/sh"],
    ports: [],
    endpoint: null,
    health: null,
    stop: { signal: null, timeoutSeconds: null },
  };
}
