import type { EngineClient } from "./client.ts";
import { versionSchema } from "./schema.ts";

/** For the few calls that Podman answers otherwise than the API says. */
export async function isPodman(client: EngineClient): Promise<boolean> {
  const { Components = [] } = await client.json(versionSchema, (docker) => docker.version());
  return Components.some(({ Name }) => /podman/i.test(Name ?? ""));
}
