import { isPlugctlError, PlugctlError } from "../core/errors.ts";
import type { SettingsChange } from "../core/settings.ts";
import { readBlueprint } from "./blueprint.ts";
import { limits } from "./body.ts";
import { type EngineScope, inspectContainer } from "./containers.ts";
import type { Recipe } from "./recipe.ts";
import type { Container } from "./schema.ts";
import type { UserSettings } from "./user-settings.ts";

const NANO = 1e9;

/** One engine runs one container of a plugin. @throws UNSUPPORTED. */
export function refuseClusterSettings(
  { client }: EngineScope,
  { replicas, placement }: SettingsChange,
): void {
  if (replicas === undefined && placement === undefined) return;
  throw new PlugctlError(
    "UNSUPPORTED",
    `target "${client.target}" is one engine, and runs one of each plugin`,
    {
      hint: "--replicas and --placement are for targets that manage a swarm (plugctl target add … --swarm)",
    },
  );
}

/**
 * Changes limits and the restart policy of a container as it runs.
 * @returns false when the engine cannot: Podman before 5 has no such call, and later ones leave some of it out.
 */
export async function updateInPlace(
  { client }: EngineScope,
  { Id, Name }: Container,
  { recipe, settings }: { recipe: Recipe; settings: UserSettings },
): Promise<boolean> {
  const wanted = limits(recipe, settings);
  const { restart } = settings;
  const body = { ...wanted, ...(restart === undefined ? {} : { RestartPolicy: { Name: restart } }) };
  const subject = `container ${Name.replace(/^\//, "")}`;
  try {
    await client.done((docker, abortSignal) => docker.getContainer(Id).update({ _body: body, abortSignal }), {
      subject,
    });
  } catch (error) {
    if (isPlugctlError(error) && ["NOT_FOUND", "UNSUPPORTED"].includes(error.code)) return false;
    throw error;
  }
  const now = inForce(await inspectContainer(client, Id, subject));
  return (
    (wanted.Memory ?? now.memoryBytes) === now.memoryBytes &&
    (settings.cpus ?? now.cpus) === now.cpus &&
    (restart ?? now.restart) === now.restart
  );
}

/**
 * What a container was made from, and what was changed in place since: its labels cannot be. The policy of one that is
 * kept for a rollback is "no" meanwhile, and says nothing. Neither does a limit of processes: Podman sets one by itself.
 * @returns undefined when its labels do not tell.
 */
export function readContainer(container: Container): { recipe: Recipe; settings: UserSettings } | undefined {
  const blueprint = readBlueprint(container.Config.Labels, container.Config.Env);
  if (blueprint === undefined) return undefined;
  const { recipe, settings } = blueprint;
  const now = inForce(container);
  const changed = {
    ...(now.memoryBytes === undefined || now.memoryBytes === recipe.memoryBytes
      ? {}
      : { memoryBytes: now.memoryBytes }),
    ...(now.cpus === undefined ? {} : { cpus: now.cpus }),
    ...(now.restart === undefined || now.restart === (settings.restart ?? "unless-stopped")
      ? {}
      : { restart: now.restart }),
  };
  return { recipe, settings: { ...settings, ...changed } };
}

/** Engines write 0, or -1, for what is not limited. */
function inForce({ HostConfig }: Container) {
  const { Memory, NanoCpus, RestartPolicy } = HostConfig;
  const limited = (value: number | null | undefined) => (value != null && value > 0 ? value : undefined);
  const cpus = limited(NanoCpus);
  const restart = (["no", "always", "unless-stopped", "on-failure"] as const).find(
    (policy) => policy === (RestartPolicy?.Name || "no"),
  );
  return {
    memoryBytes: limited(Memory),
    cpus: cpus === undefined ? undefined : cpus / NANO,
    restart,
  };
}
