import { invalidError } from "../errors.ts";
import type { Entry } from "./entry.ts";
import { formatImageReference, parseImageReference } from "./image-reference.ts";
import type {
  ContainerPlan,
  EntryPlan,
  PlanContext,
  PlannedEndpoint,
  PlannedHealth,
  PlannedImage,
  PlannedPort,
} from "./plan.ts";
import { toEntryPlan } from "./resources.ts";
import type { Task } from "./schema.ts";
import { containerEnv, Expander, platformVariables } from "./variables.ts";
import { plannedCopies, plannedVolumes } from "./volumes.ts";

/** Whom plugins run as unless they say otherwise. */
const DEFAULT_USER = "1000:1000";
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/;

/** Tags that lead to another image now and then. */
const MOVING_TAGS: ReadonlySet<string> = new Set(["latest", "master", "develop"]);

/** Host names that are none: an address needs no entry, and localhost is the container itself. */
const NO_HOST_NAME = /^localhost$|^[\d.]+$|:/;

const DEVELOPMENT_TAG = "develop";

/**
 * Everything that is needed to create the container of an entry.
 * @throws INVALID for an entry without a task or with one of another type than `docker`, an image reference, user or
 *   path that is refused.
 */
export function toContainerPlan(entry: Entry, context: PlanContext): ContainerPlan {
  const { task } = entry.file;
  if (task === undefined) throw invalidError(`${entry.name} has no task: there is no container to create`);
  if (task.type !== "docker") {
    throw invalidError(`${entry.name}: tasks of type "${task.type}" are not known, only docker`);
  }
  const plan = toEntryPlan(entry, context);
  const { warnings, tokens } = plan;
  for (const { id, variable } of tokens) {
    if (context.tokens?.[id] === undefined)
      warnings.push(`no token was issued for ${id}: ${variable} is not set`);
  }
  const variables = platformVariables(entry, tokens, context);
  const expander = new Expander(variables, warnings);
  const user = task.user ?? DEFAULT_USER;
  if (!USER.test(user)) throw invalidError(`${entry.name}: task.user "${user}" is not a user`);
  const endpoint = containerEndpoint(plan, task);
  return {
    ...plan,
    image: plannedImage(task.image, entry.version, context),
    cmd: task.cmd?.map((argument, index) => plannedArgument(argument, index, expander, warnings)) ?? null,
    user,
    ...containerEnv(entry, variables, expander, context.env),
    volumes: plannedVolumes(task, user),
    copies: plannedCopies(task, user),
    memoryBytes: task.resources?.memory ?? null,
    networks: [...new Set(task.networks ?? [])],
    extraHosts: extraHosts(task, context.host),
    shell: task.shell?.trim().split(/\s+/) ?? ["/bin/sh"],
    ports: exposedPorts(plan, task, endpoint),
    endpoint,
    health: plannedHealth(entry),
    stop: {
      signal: entry.file.plugctl?.stop?.signal ?? null,
      timeoutSeconds: entry.file.plugctl?.stop?.timeoutSeconds ?? null,
    },
  };
}

/** An image without a tag has the version of its plugin. */
function plannedImage(image: string, version: string, context: PlanContext): PlannedImage {
  const written = parseImageReference(image);
  const untagged = written.tag === null && written.digest === null;
  const tag = untagged ? (context.development === true ? DEVELOPMENT_TAG : version) : written.tag;
  // Parsed again, since not every version can be a tag.
  const reference = formatImageReference(parseImageReference(formatImageReference({ ...written, tag })));
  return { reference, alwaysPull: written.digest === null && tag !== null && MOVING_TAGS.has(tag) };
}

function plannedArgument(argument: string, index: number, expander: Expander, warnings: string[]): string {
  const { text, secret } = expander.expand(argument, `task.cmd[${index}]`);
  if (secret) warnings.push(`task.cmd[${index}] holds a token, which anybody sees who may list processes`);
  return text;
}

/** By default a plugin finds the platform by its host name, wherever that name leads outside. */
function extraHosts(task: Task, host: string): string[] {
  const bind = task.extra_hosts?.bind_hostname ?? true;
  return bind && !NO_HOST_NAME.test(host) ? [`${host}:host-gateway`] : [];
}

function containerEndpoint(plan: EntryPlan, task: Task): PlannedEndpoint | null {
  const page = plan.interface;
  if (page?.type === "plugin" && page.plugin === plan.plugin) {
    return { port: page.port, rewriteBasePath: page.rewriteBasePath };
  }
  return task.port === undefined ? null : { port: task.port, rewriteBasePath: true };
}

function exposedPorts(plan: EntryPlan, task: Task, endpoint: PlannedEndpoint | null): PlannedPort[] {
  const own = plan.resources.proxies.flatMap(({ protocol, target }): PlannedPort[] =>
    target.type === "plugin" && target.plugin === plan.plugin ? [{ port: target.port, protocol }] : [],
  );
  const web = [endpoint?.port, task.port].filter((port) => port !== undefined);
  const ports = [...web.map((port): PlannedPort => ({ port, protocol: "tcp" })), ...own];
  const byName = new Map(ports.map((item) => [`${item.port}/${item.protocol}`, item]));
  return [...byName.values()].sort((one, other) => one.port - other.port);
}

function plannedHealth(entry: Entry): PlannedHealth | null {
  const health = entry.file.plugctl?.health;
  if (health === undefined) return null;
  if (health.path !== undefined && health.command !== undefined) {
    throw invalidError(`${entry.name}: plugctl.health has a path and a command, and can have one`);
  }
  return {
    port: health.port ?? null,
    path: health.path ?? null,
    command: health.command ?? null,
    intervalSeconds: health.intervalSeconds ?? 10,
    timeoutSeconds: health.timeoutSeconds ?? 5,
    startPeriodSeconds: health.startPeriodSeconds ?? 30,
    retries: health.retries ?? 3,
  };
}
