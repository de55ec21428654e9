import * as z from "zod/mini";
import type { PackageRepositoryAccess } from "../../core/deb-repository.ts";
import type { DebBackend } from "./deb-backend.ts";
import { itemsOf } from "./plugctl/schema.ts";

const packageSchema = z.looseObject({
  package: z.string(),
  version: z.string(),
  architecture: z.string(),
  channel: z.string(),
  sha256: z.string(),
  sizeBytes: z.number(),
  publishedAt: z.string(),
});

const keySchema = z.object({ fingerprint: z.string(), armored: z.string(), url: z.string() });

/** The APT repository that plugctl's server makes of what it has built. */
export function createRepository(backend: DebBackend): PackageRepositoryAccess {
  const server = () => backend.server("APT repository");
  return {
    async list() {
      const { http } = await server();
      return (await http.json("GET", "deb/repository/packages", { schema: itemsOf(packageSchema) })).items;
    },
    async key() {
      const { http } = await server();
      return http.json("GET", "deb/repository/key", { schema: keySchema });
    },
    async prune(body) {
      const { http } = await server();
      return (await http.json("POST", "deb/repository/prune", { body, schema: itemsOf(packageSchema) }))
        .items;
    },
  };
}
