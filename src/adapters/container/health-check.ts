import type { HealthCheck } from "../../core/capabilities.ts";
import type { EngineClient } from "../../engine/client.ts";
import { versionSchema } from "../../engine/schema.ts";

export function createHealthCheck(client: EngineClient): HealthCheck {
  return {
    async check() {
      const { Version, ApiVersion, Components } = await client.json(versionSchema, (docker) =>
        docker.version(),
      );
      const name = Components?.[0]?.Name ?? "Engine";
      const product = name === "Engine" ? "Docker Engine" : name;
      return { product: `${product} (API ${ApiVersion})`, version: Version, login: null };
    },
  };
}
