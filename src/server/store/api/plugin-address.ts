import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";

const idParam = z.object({
  id: z.string().meta({ description: "plugin id, percent-encoded (`@acme%2Fmaps`)" }),
});
const versionParam = idParam.extend({ version: z.string() });

export interface PluginAddress {
  id: string;
  version: string;
}

interface PluginRoute {
  method: "GET" | "POST";
  /** What follows `/plugins/{id}`, with `:version` where a version stands. */
  path: string;
  schema: Record<string, unknown>;
  handler(request: FastifyRequest, address: PluginAddress, reply: FastifyReply): Promise<unknown>;
}

/** A scope's grammar: it keeps `@acme%2Fmaps/versions` from being read as scope and name. */
const SCOPE = "([a-z0-9~-][a-z0-9._~-]*)";

/** Adds a route below a plugin, for both spellings of a scoped id: `@acme%2Fmaps` and `@acme/maps`. */
export function addPluginRoute(app: FastifyInstance, route: PluginRoute): void {
  const { method, path, schema, handler } = route;
  app.route<{ Params: { id: string; version?: string } }>({
    method,
    url: `/plugins/:id${path}`,
    schema: { ...schema, params: path.includes(":version") ? versionParam : idParam },
    handler: (request, reply) =>
      handler(request, { id: request.params.id, version: request.params.version ?? "" }, reply),
  });
  app.route<{ Params: { scope: string; name: string; version?: string } }>({
    method,
    url: `/plugins/@:scope${SCOPE}/:name${path}`,
    schema: { ...schema, hide: true },
    handler(request, reply) {
      const { scope, name, version = "" } = request.params;
      return handler(request, { id: `@${scope}/${name}`, version }, reply);
    },
  });
}
