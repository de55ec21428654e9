import * as z from "zod/mini";
import { LABEL } from "./labels.ts";
import type { Provenance, Recipe } from "./recipe.ts";
import type { Container } from "./schema.ts";
import type { UserSettings } from "./user-settings.ts";

const text = z.string();
const names = z.array(text);
const nullable = <T extends z.ZodMiniType>(item: T) => z.nullable(item);
const owner = z.object({ uid: z.number(), gid: z.number() });

/**
 * What the label of a container tells of how it was made, so that another can be made like it. It holds names of
 * variables only: their values are in the container's environment, and a label is one more place to leak them.
 */
const blueprintSchema = z.object({
  image: text,
  alwaysPull: z.boolean(),
  built: z.boolean(),
  cmd: nullable(names),
  user: nullable(text),
  env: names,
  secrets: names,
  mounts: z.array(
    z.object({
      source: z.object({ root: z.enum(["plugin", "storages", "certificates"]), path: text }),
      target: text,
      readOnly: z.boolean(),
      owner,
    }),
  ),
  memoryBytes: nullable(z.number()),
  networks: names,
  extraHosts: names,
  shell: names,
  ports: z.array(z.object({ port: z.number(), protocol: z.enum(["tcp", "udp"]) })),
  endpoint: nullable(z.object({ port: z.number(), rewriteBasePath: z.boolean() })),
  health: nullable(
    z.object({
      port: nullable(z.number()),
      path: nullable(text),
      command: nullable(names),
      intervalSeconds: z.number(),
      timeoutSeconds: z.number(),
      startPeriodSeconds: z.number(),
      retries: z.number(),
    }),
  ),
  stop: z.object({ signal: nullable(text), timeoutSeconds: nullable(z.number()) }),
  settings: z.object({
    env: z.optional(names),
    unset: z.optional(names),
    volumes: z.optional(names),
    ports: z.optional(names),
    memoryBytes: z.optional(z.number()),
    cpus: z.optional(z.number()),
    pids: z.optional(z.number()),
    restart: z.optional(z.enum(["no", "always", "unless-stopped", "on-failure"])),
    replicas: z.optional(z.number()),
    placement: z.optional(names),
    secrets: z.optional(names),
  }),
});

/** The label's text. */
export function writeBlueprint(recipe: Recipe, settings: UserSettings): string {
  const { env, ...rest } = settings;
  const set = Object.entries(env ?? {}).filter(([, value]) => value !== null);
  const unset = Object.entries(env ?? {}).filter(([, value]) => value === null);
  return JSON.stringify({
    ...recipe,
    env: Object.keys(recipe.env),
    settings: { ...rest, env: set.map(([name]) => name), unset: unset.map(([name]) => name) },
  });
}

/** What a container was made from. @returns undefined when its labels do not tell. */
export function readBlueprint(
  labels: Readonly<Record<string, string>>,
  environment: readonly string[],
): { recipe: Recipe; settings: UserSettings } | undefined {
  const parsed = blueprintSchema.safeParse(parseJson(labels[LABEL.blueprint]));
  if (!parsed.success) return undefined;
  const { settings, env, ...recipe } = parsed.data;
  const { env: set = [], unset = [], ...limits } = settings;
  const values = new Map(environment.map((line) => splitVariable(line)));
  const variables = Object.fromEntries([
    ...set.map((name) => [name, values.get(name) ?? ""] as const),
    ...unset.map((name) => [name, null] as const),
  ]);
  const planned = env.filter((name) => values.has(name) && !set.includes(name));
  return {
    recipe: { ...recipe, env: Object.fromEntries(planned.map((name) => [name, values.get(name) ?? ""])) },
    settings: { ...defined(limits), ...(Object.keys(variables).length > 0 ? { env: variables } : {}) },
  };
}

export function readProvenance({ Config }: { Config: Pick<Container["Config"], "Labels"> }): Provenance {
  const { Labels: labels } = Config;
  return {
    plugin: labels[LABEL.plugin] ?? "",
    version: labels[LABEL.version] ?? null,
    origin: labels[LABEL.origin] ?? "",
    manifestDigest: labels[LABEL.manifestDigest] ?? null,
    description: labels[LABEL.description] ?? null,
  };
}

function splitVariable(line: string): [name: string, value: string] {
  const equals = line.indexOf("=");
  return equals < 0 ? [line, ""] : [line.slice(0, equals), line.slice(equals + 1)];
}

function parseJson(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** `exactOptionalPropertyTypes`: a member that is absent is not one that is undefined. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
