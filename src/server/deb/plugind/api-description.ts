import { stringify } from "yaml";

type Schema = Readonly<Record<string, unknown>>;

const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const answer = (description: string, schema: Schema) => ({ description, schema });
const failure = (description: string) => answer(description, ref("Error"));

const NAMESPACE = {
  name: "namespace",
  in: "path",
  required: true,
  type: "string",
  description: "its author",
};
const NAME = { name: "name", in: "path", required: true, type: "string" };
const TENANT = {
  name: "Wazo-Tenant",
  in: "header",
  type: "string",
  description: "UUID of the tenant that the request is made for",
};

const COMMON = {
  401: failure("The token is not good, or does not allow this"),
  503: failure("The authentication service is not reachable, or not known yet"),
};

const operation = (
  id: string,
  tag: string,
  summary: string,
  acl: string,
  more: { parameters?: readonly Schema[]; responses: Readonly<Record<number, Schema>>; consumes?: string[] },
) => ({
  operationId: id,
  tags: [tag],
  summary,
  description: `**Required ACL**: \`${acl}\``,
  ...more,
  parameters: [TENANT, ...(more.parameters ?? [])],
  responses: { ...more.responses, ...COMMON },
});

const query = (name: string, type: string, description: string, more: Schema = {}) => ({
  name,
  in: "query",
  type,
  description,
  ...more,
});

const text = (description: string): Schema => ({ type: "string", description });

const DEFINITIONS = {
  Error: {
    type: "object",
    required: ["message"],
    properties: {
      message: text("what went wrong"),
      error_id: text("a word to switch on"),
      details: { type: "object", description: "by field, or facts" },
      resource: text("what it is about"),
      timestamp: { type: "number", description: "seconds since 1970" },
    },
  },
  Task: {
    type: "object",
    required: ["uuid"],
    properties: { uuid: { ...text("the operation to follow"), format: "uuid" } },
  },
  InstallOrder: {
    type: "object",
    required: ["method", "options"],
    properties: {
      method: { type: "string", enum: ["git", "market"] },
      options: {
        type: "object",
        description:
          "git: url, ref (branch, tag or commit; master), subdirectory; market: namespace, name, version",
      },
    },
  },
  Plugin: {
    type: "object",
    description: "wazo/plugin.yml of the plugin, with every key that its author wrote",
    required: ["namespace", "name", "version"],
    properties: { namespace: text("its author"), name: text("its name"), version: text("its version") },
  },
  Plugins: {
    type: "object",
    required: ["items", "total"],
    properties: { items: { type: "array", items: ref("Plugin") }, total: { type: "integer" } },
  },
  MarketPlugin: {
    type: "object",
    required: ["namespace", "name"],
    properties: {
      namespace: text("its author"),
      name: text("its name"),
      installed_version: text("the installed version, or null"),
      versions: {
        type: "array",
        items: {
          type: "object",
          properties: {
            version: text("the version"),
            upgradable: { type: "boolean", description: "newer than what is installed, and it fits" },
            min_wazo_version: text("oldest Wazo that it works with"),
            max_wazo_version: text("newest Wazo that it works with"),
          },
        },
      },
    },
  },
  MarketPlugins: {
    type: "object",
    required: ["items", "total", "filtered"],
    properties: {
      items: { type: "array", items: ref("MarketPlugin") },
      total: { type: "integer", description: "all plugins of the market" },
      filtered: { type: "integer", description: "those that match" },
    },
  },
  Status: {
    type: "object",
    properties: {
      rest_api: { type: "object", properties: { status: text("ok or fail") } },
      master_tenant: { type: "object", properties: { status: text("ok or fail") } },
    },
  },
};

const PATHS = {
  "/plugins": {
    get: operation("list_plugins", "plugins", "List installed plugins", "plugind.plugins.read", {
      responses: { 200: answer("The plugins", ref("Plugins")) },
    }),
    post: operation("install_plugin", "plugins", "Install a plugin", "plugind.plugins.create", {
      consumes: ["application/json"],
      parameters: [
        query("reinstall", "boolean", "also when this version is installed already", { default: false }),
        { name: "body", in: "body", required: true, schema: ref("InstallOrder") },
      ],
      responses: {
        200: answer("The installation has begun", ref("Task")),
        400: failure("The order is not valid"),
      },
    }),
  },
  "/plugins/{namespace}/{name}": {
    get: operation(
      "get_plugin",
      "plugins",
      "Show an installed plugin",
      "plugind.plugins.{namespace}.{name}.read",
      {
        parameters: [NAMESPACE, NAME],
        responses: { 200: answer("The plugin", ref("Plugin")), 404: failure("It is not installed") },
      },
    ),
    delete: operation(
      "uninstall_plugin",
      "plugins",
      "Remove a plugin and what depends on it",
      "plugind.plugins.{namespace}.{name}.delete",
      {
        parameters: [NAMESPACE, NAME],
        responses: {
          200: answer("The removal has begun", ref("Task")),
          404: failure("It is not installed"),
        },
      },
    ),
  },
  "/market": {
    get: operation("list_market", "market", "List plugins of the market", "plugind.market.read", {
      parameters: [
        query("direction", "string", "of the order", { enum: ["asc", "desc"], default: "asc" }),
        query("order", "string", "key to sort by", { default: "name" }),
        query("limit", "integer", "how many at most", { minimum: 0 }),
        query("offset", "integer", "how many to leave out", { minimum: 0, default: 0 }),
        query("search", "string", "text that is in any value"),
        query("installed", "boolean", "only those that are, or are not, installed"),
      ],
      responses: {
        200: answer("The plugins that match", ref("MarketPlugins")),
        400: failure("A parameter is not valid"),
      },
    }),
  },
  "/market/{namespace}/{name}": {
    get: operation("get_market_plugin", "market", "Show a plugin of the market", "plugind.market.read", {
      parameters: [NAMESPACE, NAME],
      responses: {
        200: answer("The plugin", ref("MarketPlugin")),
        404: failure("The market does not have it"),
      },
    }),
  },
  "/config": {
    get: operation(
      "get_config",
      "config",
      "Show the configuration without its secrets",
      "plugind.config.read",
      {
        responses: { 200: answer("The configuration", { type: "object" }) },
      },
    ),
  },
  "/status": {
    get: operation("get_status", "status", "Show what works", "plugind.status.read", {
      responses: { 200: answer("The status", ref("Status")) },
    }),
  },
};

/**
 * The API as Swagger 2.0, for `GET /api/api.yml`.
 * @param scriptName path below which a proxy offers the API.
 */
export function apiDescription(scriptName: string | undefined): string {
  return stringify(
    {
      swagger: "2.0",
      info: {
        title: "wazo-plugind",
        description: "Plugins that become Debian packages: installing, removing, finding them.",
        version: "0.2",
      },
      ...(scriptName === undefined ? {} : { schemes: ["https"] }),
      basePath: `${scriptName ?? ""}/0.2`,
      consumes: ["application/json"],
      produces: ["application/json"],
      securityDefinitions: { wazo_auth_token: { type: "apiKey", name: "X-Auth-Token", in: "header" } },
      security: [{ wazo_auth_token: [] }],
      paths: PATHS,
      definitions: DEFINITIONS,
    },
    { aliasDuplicateObjects: false },
  );
}
