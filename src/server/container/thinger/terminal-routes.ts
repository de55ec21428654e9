import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { createLogs } from "../../../engine/logs.ts";
import { createShell } from "../../../engine/shell.ts";
import { originOf } from "../../http/origin.ts";
import { Problem } from "../../http/problem.ts";
import { acceptWebSocket, asksForWebSocket } from "../../http/web-socket.ts";
import type { ServerContext } from "../../module.ts";
import type { Operation, PluginRights } from "../permissions.ts";
import { resourceOf } from "../plugins/changes.ts";
import type { EngineAccess } from "../plugins/engine-access.ts";
import type { Plugins } from "../plugins/plugins.ts";
import { errorResponse } from "./errors.ts";
import { operation, pluginParams } from "./schemas.ts";
import { logBody, runCommand, serveLogs, serveTerminal } from "./terminal.ts";

const COMMAND_MS = 60_000;
const DEFAULT_SHELL = ["/bin/sh", "-c"];

const flagSchema = z.enum(["0", "1"]);
const sizeSchema = z.coerce.number().int().min(1).max(10_000).optional();
/** One word is a line for the plugin's `/bin/sh`; several are a program and its arguments. */
const commandSchema = z.union([
  z.string().min(1).max(10_000),
  z.array(z.string().max(10_000)).min(1).max(100),
]);
const shellQuery = z.object({
  command: commandSchema.optional(),
  tty: flagSchema.default("1"),
  columns: sizeSchema,
  rows: sizeSchema,
});
const logQuery = z.object({
  follow: flagSchema.default("0"),
  tail: z.coerce.number().int().min(0).max(1_000_000).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
});

export interface TerminalRouteParts {
  context: Pick<ServerContext, "audit">;
  engine: EngineAccess;
  plugins: Plugins;
  rights: PluginRights;
}

type Owner = z.output<typeof pluginParams>;

const toWords = (command: string | string[]) =>
  typeof command === "string" ? [...DEFAULT_SHELL, command] : command;

/** Commands, logs and shells of plugins, over HTTP and WebSockets. The messages: docs/thinger-api.md. */
export function terminalRoutes(app: FastifyInstance, parts: TerminalRouteParts): void {
  const { context, engine, plugins, rights } = parts;
  const typed = app.withTypeProvider<ZodTypeProvider>();

  async function admit(request: FastifyRequest, name: Operation, owner: Owner): Promise<void> {
    const actor = await rights.authorize(request, name, owner);
    await plugins.info(owner);
    if (name === "ReadPluginLogs") return;
    const action = name === "RunPluginShell" ? "plugin.shell" : "plugin.command";
    const entry = { actor, action, resource: resourceOf(owner), outcome: "ok" as const };
    await context.audit.record({ ...entry, ...originOf(request) });
  }

  /** Opens a WebSocket on a program in the plugin. */
  async function openTerminal(
    request: FastifyRequest,
    reply: FastifyReply,
    owner: Owner,
    { command, tty, columns, rows }: z.output<typeof shellQuery>,
  ): Promise<FastifyReply> {
    const socket = await acceptWebSocket(request, reply);
    const gone = new AbortController();
    socket.on("close", () => gone.abort());
    const size = columns === undefined || rows === undefined ? undefined : { columns, rows };
    await engine.within(owner.user, gone.signal, (scope) =>
      serveTerminal(socket, createShell(scope), {
        name: owner.plugin,
        command: command === undefined ? undefined : toWords(command),
        tty: tty === "1",
        size,
      }),
    );
    return reply;
  }

  typed.route({
    method: "GET",
    url: "/v1/users/:user/plugins/:plugin/terminal",
    schema: {
      ...operation("RunPluginCommand"),
      summary: "Run a command in a plugin: its output and exit code, or a WebSocket on it",
      params: pluginParams,
      querystring: shellQuery.extend({ command: commandSchema, tty: flagSchema.default("0") }),
      response: {
        200: z.object({
          code: z.int().meta({ description: "exit code" }),
          stdout: z.string(),
          stderr: z.string(),
          truncated: z.boolean().meta({ description: "it printed more than 1 MiB" }),
        }),
        ...errorResponse,
      },
    },
    async handler(request, reply) {
      const { params: owner, query } = request;
      await admit(request, "RunPluginCommand", owner);
      if (asksForWebSocket(request)) return openTerminal(request, reply, owner, query) as never;
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(COMMAND_MS)]);
      return engine.within(owner.user, signal, (scope) =>
        runCommand(createShell(scope), { name: owner.plugin, command: toWords(query.command) }),
      );
    },
  });

  app.route({
    method: "GET",
    url: "/v1/users/:user/plugins/:plugin/terminal/shell",
    schema: {
      ...operation("RunPluginShell"),
      summary: "A shell in a plugin, as a WebSocket",
      params: pluginParams,
      querystring: shellQuery,
      response: { 101: z.null().meta({ description: "The WebSocket" }), ...errorResponse },
    },
    async handler(request, reply) {
      const owner = request.params as Owner;
      await admit(request, "RunPluginShell", owner);
      if (!asksForWebSocket(request)) {
        throw new Problem(
          426,
          "upgrade_required",
          "a shell is a WebSocket; GET …/terminal runs one command",
          {
            headers: { upgrade: "websocket", connection: "upgrade" },
          },
        );
      }
      return openTerminal(request, reply, owner, request.query as z.output<typeof shellQuery>);
    },
  });

  app.route({
    method: "GET",
    url: "/v1/users/:user/plugins/:plugin/terminal/logs",
    schema: {
      ...operation("ReadPluginLogs"),
      summary: "A plugin's log: text, JSON lines (Accept: application/x-ndjson), or a WebSocket",
      params: pluginParams,
      querystring: logQuery,
      response: {
        200: {
          description: "The log",
          content: {
            "text/plain": { schema: z.string() },
            "application/x-ndjson": { schema: z.string() },
          },
        },
        ...errorResponse,
      },
    },
    async handler(request, reply) {
      const owner = request.params as Owner;
      const { follow, tail, since, until } = request.query as z.output<typeof logQuery>;
      await admit(request, "ReadPluginLogs", owner);
      const query = {
        name: owner.plugin,
        follow: follow === "1",
        tail,
        since: since === undefined ? undefined : new Date(since),
        until: until === undefined ? undefined : new Date(until),
      };
      const gone = new AbortController();
      if (asksForWebSocket(request)) {
        const socket = await acceptWebSocket(request, reply);
        socket.on("close", () => gone.abort());
        await engine.within(owner.user, gone.signal, (scope) =>
          serveLogs(socket, createLogs(scope).logs(query)),
        );
        return reply;
      }
      reply.raw.once("close", () => gone.abort());
      const asJson = request.headers.accept?.includes("application/x-ndjson") === true;
      const client = engine.open(owner.user, gone.signal);
      const body = Readable.from(logBody(createLogs(client).logs(query), asJson));
      body.once("close", () => void client.client.close());
      // A quiet log is not a dead connection.
      request.raw.socket.setTimeout(0);
      return reply
        .type(asJson ? "application/x-ndjson" : "text/plain; charset=utf-8")
        .headers({ "cache-control": "no-store", "x-accel-buffering": "no" })
        .send(body);
    },
  });
}
