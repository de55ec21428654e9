import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** The connection of a request that asks to leave HTTP, and what was received past the request. */
export interface Upgrade {
  readonly socket: Socket;
  readonly head: Buffer;
}

const pending = new WeakMap<IncomingMessage, Upgrade>();
const open = new WeakMap<FastifyInstance["server"], Set<Socket>>();

/**
 * Which requests leave HTTP: a GET, and not for HTTP/2, which clients only offer. Any other is answered as if it had not
 * asked, as RFC 9110 (7.8) allows; Node would leave its body unread otherwise.
 */
export const isUpgrade = ({ method, headers }: IncomingMessage): boolean =>
  method === "GET" && headers.upgrade?.toLowerCase() !== "h2c";

/**
 * Sends requests for an upgrade through the application's router like all others, so that the same hooks check them.
 * The route takes the connection over with `takeUpgrade`; one that does not answers it, and the connection ends.
 */
export function routeUpgrades(app: FastifyInstance, server: FastifyInstance["server"]): void {
  const sockets = new Set<Socket>();
  open.set(server, sockets);
  server.on("upgrade", (request: IncomingMessage, stream, head: Buffer) => {
    const socket = stream as Socket;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // Node takes its own listener away, and an error without one would end the process.
    socket.on("error", () => socket.destroy());
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on("finish", () => socket.end());
    pending.set(request, { socket, head });
    app.routing(request, response);
  });
}

/** Ends the connections that left HTTP: a server that stops waits for every socket. */
export function closeUpgraded(server: Server | FastifyInstance["server"]): void {
  for (const socket of open.get(server) ?? []) socket.destroy();
}

export const asksForUpgrade = (request: FastifyRequest): boolean => pending.has(request.raw);

/** Takes the connection over from HTTP: whoever calls this answers it. Undefined for an ordinary request. */
export function takeUpgrade(request: FastifyRequest, reply: FastifyReply): Upgrade | undefined {
  const upgrade = pending.get(request.raw);
  if (upgrade === undefined) return undefined;
  reply.hijack();
  reply.raw.detachSocket(upgrade.socket);
  upgrade.socket.setTimeout(0);
  return upgrade;
}
