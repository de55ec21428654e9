import { once } from "node:events";
import { chmod, lstat, unlink } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type Server as HttpsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import type { FastifyInstance } from "fastify";
import { conflictError, toPlugctlError, usageError } from "../../core/errors.ts";
import { CLIENT_TIMEOUTS, serverTimeouts } from "../http/app.ts";
import { answerConnectionError } from "../http/connection-errors.ts";
import { routeUpgrades } from "../http/upgrades.ts";
import type { TlsPair } from "./tls.ts";

const systemCode = (error: unknown) => (error as NodeJS.ErrnoException).code;

/**
 * Listens for TCP connections; port 0 takes any free one. Returns the port.
 * @throws CONFLICT when the port is in use, USAGE when the address is not this machine's or the port not allowed.
 */
export async function listenTcp(app: FastifyInstance, host: string, port: number): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw listenError(error, { host, port, flag: "--port" });
  }
  return portOf(app.server);
}

/** Serves the same application on one more port, with TLS or without as the first. @throws as `listenTcp`. */
export async function listenExtra(
  app: FastifyInstance,
  tls: TlsPair | undefined,
  host: string,
  port: number,
): Promise<{ server: ExtraServer; port: number }> {
  const server = attach(app, tls);
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    throw listenError(error, { host, port, flag: "--extra-port" });
  }
  return { server, port: portOf(server) };
}

/** A listener besides the application's own. */
export type ExtraServer = Server | HttpsServer;

const portOf = (server: FastifyInstance["server"] | ExtraServer) => (server.address() as AddressInfo).port;

/** The system's refusal to listen, with what to do about it; other errors as they are. */
export function listenError(
  error: unknown,
  { host, port, flag }: { host: string; port: number; flag: string },
) {
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return conflictError(`port ${port} on ${host} is in use`, {
        hint: `choose another with ${flag}, or 0 for any free one`,
        cause: error,
      });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return usageError(`this machine has no address ${host}`, { cause: error });
    case "EACCES":
      return usageError(`this user may not listen on port ${port}`, {
        hint: "choose one above 1023",
        cause: error,
      });
    default:
      return toPlugctlError(error);
  }
}

/** A server of the same requests as the application's own, which does not listen yet. */
function attach(app: FastifyInstance, tls?: TlsPair): ExtraServer {
  const answer: RequestListener = (request, response) => app.routing(request, response);
  const limits = serverTimeouts(CLIENT_TIMEOUTS);
  const server =
    tls === undefined ? createServer(limits, answer) : createTlsServer({ ...limits, ...tls }, answer);
  server.setTimeout(CLIENT_TIMEOUTS.idle);
  server.on("clientError", answerConnectionError);
  routeUpgrades(app, server);
  return server;
}

/** True when somebody answers on the socket, false when it is left over from a dead server. */
async function isLive(path: string): Promise<boolean> {
  const probe = connect(path);
  try {
    await once(probe, "connect");
    return true;
  } catch (error) {
    if (systemCode(error) === "ECONNREFUSED") return false;
    throw error;
  } finally {
    probe.destroy();
  }
}

async function clearStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw conflictError(`${path} exists and is not a socket`);
  if (await isLive(path)) throw conflictError(`another server listens on the socket ${path}`);
  await unlink(path);
}

/**
 * Serves the same application on a Unix socket (mode 0600). A stale socket is removed.
 * @throws CONFLICT when another server listens there, or the path is something else.
 */
export async function listenUnix(app: FastifyInstance, path: string): Promise<ExtraServer> {
  await clearStale(path);
  const server = attach(app);
  // Bound in this call, so that nobody else can connect before the mode is set below.
  const mask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(mask);
  }
  await once(server, "listening").catch((error: unknown) => {
    throw usageError(`the socket ${path} cannot be made`, { cause: error });
  });
  await chmod(path, 0o600);
  return server;
}
