import type { SettingsChange } from "../core/settings.ts";

/** The user's settings of one plugin; a variable that is null is taken away from what its description says. */
export interface UserSettings extends Omit<SettingsChange, "secrets"> {
  /** Names of secret files; their content is where the program reads it, and nowhere else. */
  secrets?: readonly string[];
}

/** Settings after a change: variables by name, volumes by the path in the container, ports by the one in the container. */
export function mergeSettings(
  { secrets: names = [], ...before }: UserSettings,
  { secrets: files = {}, ...change }: SettingsChange,
): UserSettings {
  const env = { ...before.env, ...change.env };
  const volumes = mergeBy(volumeTarget, before.volumes, change.volumes);
  const ports = mergeBy(containerPort, before.ports, change.ports);
  const kept = names.filter((name) => !(name in files));
  const secrets = [...kept, ...Object.keys(files).filter((name) => files[name] !== null)].sort();
  return {
    ...before,
    ...change,
    ...(Object.keys(env).length > 0 ? { env } : {}),
    ...(volumes.length > 0 ? { volumes } : {}),
    ...(ports.length > 0 ? { ports } : {}),
    ...(secrets.length > 0 ? { secrets } : {}),
  };
}

/** `source:target[:ro]` taken apart. */
export function parseVolume(text: string): { source: string; target: string; readOnly: boolean } {
  const [source = "", target = "", mode] = text.split(":");
  return { source, target: target.replace(/\/+$/, "") || "/", readOnly: mode === "ro" };
}

/** `[address:]host:container[/udp]` taken apart; without an address the port is open to the engine's machine alone. */
export function parsePort(text: string): { key: string; address: string; hostPort: string } {
  const [, address, hostPort = "", port = "", protocol = "tcp"] =
    /^(?:(.+):)?(\d+):(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? [];
  return { key: `${port}/${protocol}`, address: address?.replace(/^\[|\]$/g, "") ?? "127.0.0.1", hostPort };
}

const volumeTarget = (text: string) => parseVolume(text).target;
const containerPort = (text: string) => parsePort(text).key;

function mergeBy(
  key: (text: string) => string,
  before: readonly string[] = [],
  change: readonly string[] = [],
): string[] {
  const changed = new Set(change.map(key));
  return [...before.filter((text) => !changed.has(key(text))), ...change];
}
