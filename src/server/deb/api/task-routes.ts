import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { operationSchema } from "../../events/operation-routes.ts";
import { Problem } from "../../http/problem.ts";
import { problemResponse, streamResponse } from "../../http/schemas.ts";
import { dismissUpload, receiveUpload } from "../../http/upload.ts";
import type { Principal } from "../../identity/identity.ts";
import type { ServerContext } from "../../module.ts";
import type { Upload, Uploads } from "../plugins/uploads.ts";
import type { TaskOrder } from "../tasks/orders.ts";
import type { TaskLogs } from "../tasks/task-log.ts";
import type { Tasks } from "../tasks/tasks.ts";
import { buildSchema, orderSchema, planSchema, uploadSchema } from "./schemas.ts";

const ARCHIVE = "application/x-tar";
const PACKAGE = "application/vnd.debian.binary-package";
/** An upload that stands still for so long is ended. */
const IDLE_MS = 30_000;
const taskParams = z.object({ uuid: z.uuid() });

export interface TaskRouteParts {
  context: Pick<ServerContext, "identity" | "operations">;
  tasks: Tasks;
  uploads: Uploads;
  logs: TaskLogs;
}

/** What wazo-plugind's API has no words for: plans, uploads, builds, roll-backs, logs, cancelling. */
export async function taskRoutes(app: FastifyInstance, parts: TaskRouteParts): Promise<void> {
  const { tasks, logs, context } = parts;
  const { identity, operations } = context;
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const tags = ["deb"];

  /** A token for certain plugins reaches what names one of them, and nothing whose name comes out later. */
  function authorize(request: FastifyRequest, order: TaskOrder): Promise<Principal> {
    const named = order.action === "install" ? order.source : { ...order, type: "market" as const };
    const scope = named.type === "market" ? { plugin: `${named.namespace}/${named.name}` } : {};
    return identity.authorize(request, "deploy", scope);
  }

  async function accepted<Reply extends FastifyReply>(reply: Reply, id: string): Promise<Reply> {
    const operation = await operations.get(id);
    if (operation === undefined) throw new Error(`the operation ${id} is gone`);
    return reply.code(202).header("location", `/api/v1/operations/${id}`).send(operation);
  }

  typed.route({
    method: "POST",
    url: "/plans",
    schema: {
      tags,
      summary: "What a change would come to",
      description:
        "The source is fetched and read. Nothing of the plugin's is run, nothing is built or changed.",
      body: orderSchema,
      response: { 200: planSchema, ...problemResponse },
    },
    async handler(request) {
      await authorize(request, request.body);
      const gone = new AbortController();
      request.raw.once("close", () => gone.abort());
      return tasks.plan(request.body, gone.signal);
    },
  });

  typed.route({
    method: "POST",
    url: "/tasks",
    schema: {
      tags,
      summary: "Install, remove or roll back a plugin",
      description:
        "Follow the operation at `/api/v1/operations/{id}`; its phases are wazo-plugind's statuses.",
      body: orderSchema,
      response: { 202: operationSchema, ...problemResponse },
    },
    async handler(request, reply) {
      const actor = await authorize(request, request.body);
      return accepted(reply, await tasks.start(request, actor, request.body));
    },
  });

  typed.route({
    method: "POST",
    url: "/builds",
    schema: {
      tags,
      summary: "Make a package of a plugin, without installing it",
      description:
        "Follow the operation at `/api/v1/operations/{id}`, and what the steps print at `/api/v1/deb/tasks/{id}/log`. " +
        "Its result has the package's digest, and the upload under which the package is kept for a day.",
      body: buildSchema,
      response: { 202: operationSchema, ...problemResponse },
    },
    async handler(request, reply) {
      const actor = await identity.authorize(request, "deploy");
      const id = await tasks.start(request, actor, { action: "build", ...request.body });
      return accepted(reply, id);
    },
  });

  typed.route({
    method: "DELETE",
    url: "/tasks/:uuid",
    schema: {
      tags,
      summary: "Cancel a change that has not been made yet",
      params: taskParams,
      response: { 202: operationSchema, ...problemResponse },
    },
    async handler(request, reply) {
      await identity.authorize(request, "deploy");
      const operation = await operations.get(request.params.uuid);
      if (operation?.kind.startsWith("deb.") !== true) throw unknownTask(request.params.uuid);
      if (!tasks.cancel(operation.id)) {
        throw new Problem(409, "task_ended", `the task ${operation.id} has ended: ${operation.state}`);
      }
      return reply.code(202).send(operation);
    },
  });

  typed.route({
    method: "GET",
    url: "/tasks/:uuid/log",
    schema: {
      tags,
      summary: "What the steps of a task printed",
      params: taskParams,
      querystring: z.object({
        follow: z.enum(["0", "1"]).default("0").meta({ description: "1 = until the task ends" }),
      }),
      response: streamResponse("text/plain", "The log"),
    },
    async handler(request, reply) {
      await identity.authorize(request, "read");
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const follow = request.query.follow === "1";
      const log = await logs.read(request.params.uuid, { follow, signal: gone.signal });
      return reply
        .type("text/plain; charset=utf-8")
        .header("cache-control", "no-store")
        .send(log as never);
    },
  });

  typed.route({
    method: "GET",
    url: "/uploads/:id",
    schema: {
      tags,
      summary: "What was sent, or the package that was made of it",
      params: z.object({ id: z.uuid() }),
      response: streamResponse("application/octet-stream", "The archive or the package"),
    },
    async handler(request, reply) {
      await identity.authorize(request, "deploy");
      const { upload, content } = await parts.uploads.open(request.params.id);
      return reply
        .type(upload.kind === "archive" ? ARCHIVE : PACKAGE)
        .header("content-length", upload.sizeBytes)
        .header("cache-control", "no-store")
        .send(content as never);
    },
  });

  await app.register(async (scope) => uploadRoute(scope, parts));
}

function uploadRoute(app: FastifyInstance, { context, uploads }: TaskRouteParts): void {
  // The handler reads the body itself, after it knows who is sending.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.route({
    method: "POST",
    url: "/uploads",
    schema: {
      tags: ["deb"],
      summary: "Send a plugin to be installed: a tar archive of its folder, or a package",
      consumes: [ARCHIVE, PACKAGE],
      response: { 201: uploadSchema, ...problemResponse },
    },
    async handler(request, reply) {
      try {
        return await reply.code(201).send(await receive(request));
      } finally {
        dismissUpload(request.raw);
      }
    },
  });

  async function receive(request: FastifyRequest): Promise<Upload> {
    const actor = await context.identity.authorize(request, "deploy");
    const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
    if (type !== ARCHIVE && type !== PACKAGE) {
      throw new Problem(415, "unsupported_media_type", `send ${ARCHIVE} or ${PACKAGE}`);
    }
    const kind = type === ARCHIVE ? "archive" : "package";
    return uploads.add(kind, receiveUpload(request.raw, IDLE_MS), actor);
  }
}

const unknownTask = (id: string) => new Problem(404, "task_not_found", `there is no task ${id}`);
