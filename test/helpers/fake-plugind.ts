import type { IncomingMessage, ServerResponse } from "node:http";
import { text as readText } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { serveHttp } from "./http-server.ts";

/** A plugin as its `plugin.yml` describes it, parsed. */
export interface FakePlugin {
  namespace: string;
  name: string;
  version: string | number;
  [field: string]: unknown;
}

export interface FakePlugindOptions {
  /** Where it is: directly, or behind the nginx of a Wazo host with wazo-auth beside it. */
  behindNginx?: boolean;
  /** What is installed at first, in dpkg's order. */
  plugins?: FakePlugin[];
  /** The market's items with the values that the service adds. */
  market?: Record<string, unknown>[];
  /** What a repository holds; `null` = its build fails, which is told on the bus alone. */
  repositories?: Record<string, FakePlugin | null>;
  /** Time that a task takes. */
  taskMs?: number;
  masterTenant?: "ok" | "fail";
  /** Answers a request instead; true when it has. */
  answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Called when a task begins, before it is answered, and when it has ended. */
  onTask?: (uuid: string, status: "starting" | "completed" | "error") => void;
}

export const TOKEN = "1a2b3c4d-0000-4000-8000-000000000001";
export const LOGIN = { login: "root", password: "s3cret word" };

/** Shapes of wazo-plugind 26 and wazo-auth as the wazo-plugind spec records them (sections 1.3 to 1.7). */
export async function fakePlugind(options: FakePlugindOptions = {}) {
  const { behindNginx = false, market = [], repositories = {}, taskMs = 20, masterTenant = "ok" } = options;
  const plugins = new Map((options.plugins ?? []).map((plugin) => [key(plugin), plugin]));
  const tokens = new Set([TOKEN]);
  const asked: { method: string; path: string; body: unknown; headers: IncomingMessage["headers"] }[] = [];
  const [api, auth] = behindNginx ? ["/api/plugind/0.2", "/api/auth/0.1"] : ["/0.2", undefined];

  const { url } = await serveHttp(async (request, response) => {
    const text = await readText(request);
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    const { method = "GET", headers } = request;
    asked.push({ method, path: request.url ?? "", body, headers });
    if (options.answer?.(request, response)) return;
    if (auth !== undefined && pathname.startsWith(`${auth}/token`)) {
      return authenticate(method, pathname.slice(`${auth}/token`.length), headers, response);
    }
    if (!pathname.startsWith(`${api}/`)) return notFound(response);
    const path = pathname.slice(api.length);
    const token = headers["x-auth-token"] ?? "";
    if (!tokens.has(String(token))) return unauthorized(response, { token, reason: "not_found_or_expired" });
    if (path === "/status") {
      return send(response, 200, { rest_api: { status: "ok" }, master_tenant: { status: masterTenant } });
    }
    if (path === "/plugins" && method === "GET") {
      return send(response, 200, { items: [...plugins.values()], total: plugins.size });
    }
    if (path === "/plugins" && method === "POST") return begin(install(body), response);
    if (path === "/market") {
      const term = searchParams.get("search") ?? "";
      const installed = searchParams.get("installed");
      const items = market
        .map((item): Record<string, unknown> => {
          const { version = null } = plugins.get(key(item as unknown as FakePlugin)) ?? {};
          return { ...item, installed_version: version };
        })
        .filter((item) => JSON.stringify(item).includes(term))
        .filter((item) => installed === null || (item.installed_version !== null) === (installed === "true"));
      return send(response, 200, { items, total: market.length, filtered: items.length });
    }
    const [, namespace = "", name = ""] = /^\/plugins\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
    const found = plugins.get(`${namespace}/${name}`);
    if (namespace === "") return notFound(response);
    if (found === undefined) {
      return fail(response, 404, "plugin-not-found", `Plugin not found ${namespace}/${name}`, {
        ...{ resource: "plugins", details: { name, namespace } },
      });
    }
    if (method === "GET") return send(response, 200, found);
    return begin(() => {
      plugins.delete(key(found));
      // apt takes out what depends on it, and nobody is told.
      for (const [other, { depends }] of plugins) {
        if (Array.isArray(depends) && depends.some((one) => key(one) === key(found))) plugins.delete(other);
      }
      return true;
    }, response);
  });

  function install(body: unknown): () => boolean {
    const { method, options: given } = body as { method: string; options: Record<string, string> };
    const { namespace = "", name = "" } = given;
    // A plugin of the market that is there in any version is left as it is, unless a version is asked for.
    if (method === "market" && given.version === undefined && plugins.has(key({ namespace, name }))) {
      return () => true;
    }
    return () => {
      const plugin =
        method === "git"
          ? repositories[given.url ?? ""]
          : {
              namespace: given.namespace ?? "",
              name: given.name ?? "",
              version: given.version ?? offered(given),
            };
      if (!plugin) return false;
      plugins.set(key(plugin), plugin);
      return true;
    };
  }

  const offered = (given: Record<string, string>) => {
    const item = market.find(
      (one) => key(one as unknown as FakePlugin) === `${given.namespace}/${given.name}`,
    );
    const versions = item?.versions as { version: string; upgradable: boolean }[] | undefined;
    return versions?.find(({ upgradable }) => upgradable)?.version ?? "";
  };

  async function begin(work: () => boolean, response: ServerResponse): Promise<void> {
    const uuid = crypto.randomUUID();
    options.onTask?.(uuid, "starting");
    send(response, 200, { uuid });
    await sleep(taskMs);
    const end = work() ? "completed" : "error";
    options.onTask?.(uuid, end);
  }

  function authenticate(
    method: string,
    below: string,
    headers: IncomingMessage["headers"],
    response: ServerResponse,
  ): unknown {
    const token = decodeURIComponent(below.slice(1));
    const data = (of: string) => ({
      data: {
        ...{ token: of, auth_id: "6e3b9a1c", session_uuid: "s", acl: ["plugind.#"] },
        ...{ utc_issued_at: "2026-01-01T00:00:00.000000", utc_expires_at: "2026-04-01T00:00:00.000000" },
        metadata: { uuid: "6e3b9a1c", tenant_uuid: "master", purpose: "internal" },
      },
    });
    if (method === "POST") {
      const basic = `Basic ${Buffer.from(`${LOGIN.login}:${LOGIN.password}`).toString("base64")}`;
      if (headers.authorization !== basic) {
        const reason = { reason: ["Authentication Failed"], timestamp: [1_760_000_000.1], status_code: 401 };
        return send(response, 401, reason);
      }
      const issued = crypto.randomUUID();
      tokens.add(issued);
      return send(response, 200, data(issued));
    }
    if (!tokens.has(token)) {
      return send(response, 404, { reason: ["No such token"], timestamp: [1], status_code: 404 });
    }
    if (method === "DELETE") {
      tokens.delete(token);
      return send(response, 200, { data: { message: "success" } });
    }
    return send(response, 200, data(token));
  }

  return { url, asked, plugins, tokens };
}

const key = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`;

/** As Python writes it. */
const send = (response: ServerResponse, status: number, body: unknown) =>
  void response
    .writeHead(status, { "content-type": "application/json", server: "Cheroot/9.0.0" })
    .end(`${JSON.stringify(body)}\n`);

const fail = (response: ServerResponse, status: number, errorId: string, message: string, more: object) =>
  send(response, status, { message, error_id: errorId, details: {}, timestamp: 1_760_000_000.25, ...more });

export const unauthorized = (
  response: ServerResponse,
  { token, reason }: { token: unknown; reason?: string },
) =>
  fail(response, 401, "unauthorized", "Unauthorized", {
    details: {
      invalid_token: token,
      ...(reason === undefined ? {} : { reason, required_access: "plugind.plugins.read" }),
    },
  });

/** Unknown addresses are pages. */
const notFound = (response: ServerResponse) =>
  void response
    .writeHead(404, { "content-type": "text/html; charset=utf-8" })
    .end("<!doctype html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n");
