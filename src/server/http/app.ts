import type { IncomingMessage } from "node:http";
import type { ServerOptions as HttpsOptions } from "node:https";
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { administrationRoutes } from "../administration/routes.ts";
import { eventRoutes } from "../events/routes.ts";
import type { Frame } from "../frame.ts";
import { identityRoutes } from "../identity/routes/index.ts";
import { type ModuleState, runningModules } from "../module-states.ts";
import { addIdleAnswer, answerConnectionError } from "./connection-errors.ts";
import { addErrorHandling, sendProblem } from "./error-handler.ts";
import { addHealthRoutes } from "./health.ts";
import { addHostCheck, hostName } from "./hosts.ts";
import { addMetricsRoute, addRequestMetrics } from "./metrics.ts";
import { addOpenApi } from "./openapi.ts";
import { createRequestIds } from "./request-id.ts";
import { addRequestLog } from "./request-log.ts";
import { createEventStreams, type EventStreams } from "./sse.ts";
import { closeUpgraded, isUpgrade, routeUpgrades } from "./upgrades.ts";

const JSON_BODY_LIMIT = 1024 * 1024;

/** How long a client may take, in ms. */
export interface ClientTimeouts {
  headers: number;
  /** The whole request: a large archive over a slow line takes minutes. */
  request: number;
  /** A connection on which nothing moves. */
  idle: number;
}

export const CLIENT_TIMEOUTS: ClientTimeouts = { headers: 10_000, request: 300_000, idle: 60_000 };

export interface AppDependencies {
  frame: Frame;
  modules: ReadonlyMap<string, ModuleState>;
  /** True when only this machine can connect: then foreign Host names are refused. */
  loopback: boolean;
  tls?: Pick<HttpsOptions, "key" | "cert"> | undefined;
  timeouts?: ClientTimeouts;
}

export interface App {
  app: FastifyInstance;
  streams: EventStreams;
}

const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "content-security-policy":
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** The options of Node's server that keep slow clients from holding connections. */
export const serverTimeouts = (timeouts: ClientTimeouts) => ({
  headersTimeout: timeouts.headers,
  requestTimeout: timeouts.request,
  // Node looks for late requests in this interval only.
  connectionsCheckingInterval: Math.min(2_000, timeouts.headers),
  shouldUpgradeCallback: isUpgrade,
});

/** The route prefix that a request's host name stands for, if some module answers for names of its own. */
type HostPrefix = (request: Pick<IncomingMessage, "headers">) => string | undefined;

function hostPrefix(modules: AppDependencies["modules"]): HostPrefix | undefined {
  const lookups = runningModules(modules).flatMap(({ prefixOfHost }) => (prefixOfHost ? [prefixOfHost] : []));
  if (lookups.length === 0) return undefined;
  return ({ headers }) => {
    const name = headers.host === undefined ? undefined : hostName(headers.host);
    if (name === undefined) return undefined;
    return lookups.map((lookup) => lookup(name)).find((prefix) => prefix !== undefined);
  };
}

function createFastify(
  { frame, tls, timeouts = CLIENT_TIMEOUTS }: AppDependencies,
  prefixOf: HostPrefix | undefined,
): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = frame.context.log;
  const options = {
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for each request would cost more than anything else that happens to most of them.
    childLoggerFactory: (logger: FastifyBaseLogger) => logger,
    genReqId: createRequestIds(),
    requestIdHeader: false as const,
    bodyLimit: JSON_BODY_LIMIT,
    connectionTimeout: timeouts.idle,
    requestTimeout: timeouts.request,
    // A plugin id may have 214 characters, each of them percent-encoded.
    routerOptions: { maxParamLength: 700 },
    ...(prefixOf === undefined
      ? {}
      : {
          rewriteUrl: (request: Pick<IncomingMessage, "headers" | "url">) =>
            `${prefixOf(request) ?? ""}${request.url ?? "/"}`,
        }),
    clientErrorHandler: answerConnectionError,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(request, reply, error),
  };
  const server = serverTimeouts(timeouts);
  return tls === undefined
    ? fastify({ ...options, http: server })
    : (fastify({ ...options, https: { ...server, ...tls } }) as unknown as FastifyInstance);
}

/**
 * Builds the HTTP application: the frame's routes and those of the running modules. It does not listen: `inject`
 * and `ready` work, and `listen` is the caller's.
 */
export async function createApp(dependencies: AppDependencies): Promise<App> {
  const { frame, modules, loopback } = dependencies;
  const { context, identity } = frame;
  const prefixOf = hostPrefix(modules);
  const app = createFastify(dependencies, prefixOf);
  const streams = createEventStreams();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeContentTypeParser("text/plain");
  addErrorHandling(app);
  addIdleAnswer(app);
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers(SECURITY_HEADERS);
    done();
  });
  if (loopback) addHostCheck(app, context.publicUrl, (request) => prefixOf?.(request.raw) !== undefined);
  addRequestLog(app);
  addRequestMetrics(app, context.metrics);
  await addOpenApi(app, frame.version);
  addHealthRoutes(app, modules);
  addMetricsRoute(app, context.metrics, identity);
  await app.register(identityRoutes(frame));
  await app.register(eventRoutes(frame, streams), { prefix: "/api/v1" });
  await app.register(administrationRoutes(frame, modules), { prefix: "/api/v1" });
  for (const running of runningModules(modules)) await app.register((scope) => running.routes(scope));
  routeUpgrades(app, app.server);
  app.addHook("preClose", async () => closeUpgraded(app.server));
  await app.ready();
  return { app, streams };
}
