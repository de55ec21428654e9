import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import type { Principal } from "../../identity/identity.ts";
import { type AccessNeed, aclWord } from "../auth/access.ts";
import type { Authorities } from "../auth/authorities.ts";
import { UnorderableColumn } from "../market/query.ts";
import type { PluginService } from "../plugins/plugin-service.ts";
import { apiDescription } from "./api-description.ts";
import { allowOtherOrigins } from "./cors.ts";
import { answerErrors, json, PlainError, PlugindError, pluginNotFound } from "./errors.ts";
import { jsonBody, takeJsonBodies } from "./json-bodies.ts";
import { type Query, readInstallBody, readMarketQuery, readReinstall } from "./validation.ts";

export interface PlugindRouteParts {
  authorities: Authorities;
  plugins: PluginService;
  /** What `GET /config` shows: no secrets. */
  config: Readonly<Record<string, unknown>>;
  /** What `GET /status` adds to wazo's own members. */
  status: () => Promise<Readonly<Record<string, unknown>>>;
}

type PluginRequest = FastifyRequest<{ Params: { namespace: string; name: string } }>;

interface Resource {
  url: string;
  /** For the documentation. */
  summaries: Partial<Record<"GET" | "POST" | "DELETE", string>>;
  need: (method: string, request: FastifyRequest) => AccessNeed | undefined;
  handlers: Partial<
    Record<"GET" | "POST" | "DELETE", (request: FastifyRequest, actor: Principal | null) => Promise<unknown>>
  >;
}

const METHODS: readonly HTTPMethods[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** wazo-plugind's REST API, version 0.2 (wazo-plugind spec, section 1). Register it below each prefix that it is reached at. */
export function plugindRoutes(app: FastifyInstance, parts: PlugindRouteParts): void {
  const { authorities } = parts;
  answerErrors(app);
  allowOtherOrigins(app);
  takeJsonBodies(app);

  for (const resource of resources(parts)) {
    for (const method of METHODS) {
      const handler = resource.handlers[method as "GET"];
      if (handler === undefined) continue;
      app.route({
        method,
        url: resource.url,
        schema: { tags: ["wazo-plugind"], summary: resource.summaries[method as "GET"] ?? "" },
        async handler(request, reply) {
          const need = resource.need(method, request);
          const actor = need === undefined ? null : await authorities.authorize(request, need);
          return send(reply, await handler(request, actor));
        },
      });
    }
    addOptions(app, resource);
    refuseOthers(app, resource);
  }

  app.route({
    method: "GET",
    url: "/api/api.yml",
    schema: { tags: ["wazo-plugind"], summary: "This API as Swagger 2.0", security: [] },
    async handler(request, reply) {
      const script = request.headers["x-script-name"];
      return reply
        .type("application/x-yaml")
        .send(apiDescription(typeof script === "string" ? script : undefined));
    },
  });
}

const send = (reply: FastifyReply, body: unknown) => reply.type("application/json").send(json(body));

function resources({ plugins, config, status, authorities }: PlugindRouteParts): Resource[] {
  const master = (acl: string) => ({ acl, masterTenantOnly: true });
  const item = (request: FastifyRequest) => (request as PluginRequest).params;
  const itemAcl = (request: FastifyRequest, verb: string) => {
    const { namespace, name } = item(request);
    return master(`plugind.plugins.${aclWord(namespace)}.${aclWord(name)}.${verb}`);
  };
  return [
    {
      url: "/plugins",
      summaries: { GET: "Installed plugins", POST: "Install a plugin" },
      need: (method) => master(`plugind.plugins.${method === "POST" ? "create" : "read"}`),
      handlers: {
        async GET() {
          const items = await plugins.descriptions();
          return { items, total: items.length };
        },
        async POST(request, actor) {
          // The body is read only now: who may not install learns nothing of what is wrong with it.
          const body = readInstallBody(jsonBody(request));
          const reinstall = readReinstall(request.query as Query);
          return { uuid: await plugins.installAsWazo(request, actor, body, reinstall) };
        },
      },
    },
    {
      url: "/plugins/:namespace/:name",
      summaries: { GET: "An installed plugin", DELETE: "Remove a plugin" },
      need: (method, request) => itemAcl(request, method === "DELETE" ? "delete" : "read"),
      handlers: {
        async GET(request) {
          const id = item(request);
          const found = await plugins.description(id);
          if (found === undefined) throw pluginNotFound(id.namespace, id.name);
          return found;
        },
        async DELETE(request, actor) {
          const id = item(request);
          if (!(await plugins.isInstalled(id))) throw pluginNotFound(id.namespace, id.name);
          return { uuid: await plugins.removeAsWazo(request, actor, id) };
        },
      },
    },
    {
      url: "/market",
      summaries: { GET: "Plugins of the market" },
      need: () => master("plugind.market.read"),
      handlers: {
        async GET(request) {
          const query = readMarketQuery(request.query as Query);
          try {
            return await plugins.searchMarket(query);
          } catch (error) {
            throw error instanceof UnorderableColumn ? unorderable(error) : asMarketError(error);
          }
        },
      },
    },
    {
      url: "/market/:namespace/:name",
      summaries: { GET: "A plugin of the market, with how its versions are installed" },
      need: () => master("plugind.market.read"),
      handlers: {
        async GET(request) {
          const { namespace, name } = item(request);
          const found = await plugins.marketItem({ namespace, name }).catch((error: unknown) => {
            throw asMarketError(error);
          });
          if (found === undefined) throw pluginNotFound(namespace, name);
          return found;
        },
      },
    },
    {
      url: "/config",
      summaries: { GET: "The configuration, without secrets" },
      need: () => master("plugind.config.read"),
      handlers: { GET: async () => config },
    },
    {
      url: "/status",
      summaries: { GET: "What works and what does not" },
      need: () => ({ acl: "plugind.status.read", masterTenantOnly: false }),
      handlers: {
        GET: async () => ({
          rest_api: { status: "ok" },
          master_tenant: { status: authorities.initialized ? "ok" : "fail" },
          ...(await status()),
        }),
      },
    },
  ];
}

const unorderable = ({ column, message }: UnorderableColumn) =>
  new PlugindError(400, "invalid-sort-params", "Invalid sort parameters", {
    resource: "market",
    details: { [column]: { constraint_id: "orderable", message } },
  });

/** Where the original fails with 500 when its market answers wrongly, this says what is the matter. */
const asMarketError = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "UNAVAILABLE"
    ? new PlugindError(503, "market-service-unavailable", "Market Service Unavailable", {
        resource: "market",
        cause: error,
      })
    : error;

const allowed = ({ handlers }: Resource) => {
  const own = Object.keys(handlers);
  return [...(own.includes("GET") ? ["HEAD"] : []), "OPTIONS", ...own].sort().join(", ");
};

function addOptions(app: FastifyInstance, resource: Resource): void {
  app.route({
    method: "OPTIONS",
    url: resource.url,
    schema: { hide: true },
    handler: (_request, reply) => reply.header("allow", allowed(resource)).type("text/html").send(""),
  });
}

function refuseOthers(app: FastifyInstance, resource: Resource): void {
  app.route({
    method: METHODS.filter((method) => !((method as string) in resource.handlers)),
    url: resource.url,
    schema: { hide: true },
    exposeHeadRoute: false,
    handler() {
      throw new PlainError(405, "The method is not allowed for the requested URL.", {
        allow: allowed(resource),
      });
    },
  });
}
