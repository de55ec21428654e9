import { once } from "node:events";
import { chmod, lstat, unlink } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { FastifyInstance } from "fastify";
import { conflictError, toPlugctlError, usageError } from "../../core/errors.ts";
import { CLIENT_TIMEOUTS, serverTimeouts } from "../http/app.ts";
import { answerConnectionError } from "../http/connection-errors.ts";
import { routeUpgrades } from "../http/upgrades.ts";

const systemCode = (error: unknown) => (error as NodeJS.ErrnoException).code;

/**
 * Listens for TCP connections; port 0 takes any free one. Returns the port.
 * @throws CONFLICT when the port is in use, USAGE when the address is not this machine's or the port not allowed.
 */
export async function listenTcp(app: FastifyInstance, host: string, port: number): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    switch (systemCode(error)) {
      case "EADDRINUSE":
        throw conflictError(`port ${port} on ${host} is in use`, {
          hint: "choose another with --port, or 0 for any free one",
          cause: error,
        });
      case "EADDRNOTAVAIL":
      case "ENOTFOUND":
        throw usageError(`this machine has no address ${host}`, { cause: error });
      case "EACCES":
        throw usageError(`this user may not listen on port ${port}`, {
          hint: "choose one above 1023",
          cause: error,
        });
      default:
        throw toPlugctlError(error);
    }
  }
  return (app.server.address() as AddressInfo).port;
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
export async function listenUnix(app: FastifyInstance, path: string): Promise<Server> {
  await clearStale(path);
  const server = createServer(serverTimeouts(CLIENT_TIMEOUTS), (request, response) =>
    app.routing(request, response),
  );
  server.setTimeout(CLIENT_TIMEOUTS.idle);
  server.on("clientError", answerConnectionError);
  routeUpgrades(app, server);
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
