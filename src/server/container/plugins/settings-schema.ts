import { z } from "zod";
import type { SettingsChange } from "../../../core/settings.ts";
import { isLoopback } from "../../http/hosts.ts";

const PORT = /^(?:(?:\[[0-9a-fA-F:]+\]|[0-9.]+):)?\d{1,5}:\d{1,5}(?:\/(?:tcp|udp))?$/;
const VOLUME = /^(?:\/[^:]*|[A-Za-z0-9][A-Za-z0-9_.-]*):\/[^:]*(?::(?:ro|rw))?$/;

/** What a user may want otherwise than a plugin's description says. */
export const settingsSchema = z.strictObject({
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(32_768).nullable())
    .optional()
    .meta({ description: "variables; null takes one away" }),
  volumes: z
    .array(z.string().max(1000).regex(VOLUME, "source:target[:ro]"))
    .max(50)
    .optional()
    .meta({ description: "source:target[:ro]; administrators only" }),
  ports: z
    .array(z.string().max(100).regex(PORT, "[address:]host:container[/udp]"))
    .max(50)
    .optional()
    .meta({ description: "[address:]host:container[/udp]; beyond loopback for administrators only" }),
  memoryBytes: z
    .int()
    .min(6 * 1024 * 1024)
    .optional(),
  cpus: z.number().positive().max(1024).optional(),
  pids: z.int().min(1).optional(),
  restart: z.enum(["no", "always", "unless-stopped", "on-failure"]).optional(),
});

/** What a container has at the moment. */
export const settingsInForceSchema = z.object({
  name: z.string(),
  env: z.record(z.string(), z.string()),
  volumes: z.array(z.string()),
  ports: z.array(z.string()),
  memoryBytes: z.number().nullable(),
  cpus: z.number().nullable(),
  pids: z.number().nullable(),
  restart: z.string(),
});

/** `exactOptionalPropertyTypes`: what was not said is absent. */
export function toSettings(settings: z.output<typeof settingsSchema>): SettingsChange {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** Reaches beyond the plugin itself: into the engine's machine, its network, or the data of others. */
export function needsAdministrator({ volumes = [], ports = [] }: SettingsChange): boolean {
  const isOpen = (port: string) => {
    const [, address] = /^(?:(.+):)?\d+:\d+(?:\/\w+)?$/.exec(port) ?? [];
    return address !== undefined && !isLoopback(address);
  };
  return volumes.length > 0 || ports.some(isOpen);
}
