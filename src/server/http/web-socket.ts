import type { FastifyReply, FastifyRequest } from "fastify";
import { type WebSocket, WebSocketServer } from "ws";
import { Problem } from "./problem.ts";
import { asksForUpgrade, takeUpgrade } from "./upgrades.ts";

/** What a client may send in one message. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** A client that does not answer within this time is gone, whatever its connection looks like. */
const HEARTBEAT_MS = 30_000;

const server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, clientTracking: false });

/** Whether the request asks for a WebSocket, and not for something else. */
export const asksForWebSocket = (request: FastifyRequest): boolean =>
  asksForUpgrade(request) && request.headers.upgrade?.toLowerCase() === "websocket";

/** Makes the request a WebSocket. @throws Problem 400 when it does not ask for one as it should. */
export async function acceptWebSocket(request: FastifyRequest, reply: FastifyReply): Promise<WebSocket> {
  // Checked before the connection leaves HTTP, so that the answer is one of ours.
  if (!asksForWebSocket(request) || request.headers["sec-websocket-version"] !== "13") {
    throw new Problem(400, "bad_request", "this is no request for a WebSocket (version 13)");
  }
  const upgrade = takeUpgrade(request, reply);
  if (upgrade === undefined) throw new Problem(400, "bad_request", "this is no request for a WebSocket");
  return new Promise((resolve, reject) => {
    upgrade.socket.once("close", () => reject(new Error("the client went away during the handshake")));
    server.handleUpgrade(request.raw, upgrade.socket, upgrade.head, (socket) => {
      keepAlive(socket);
      socket.on("error", () => socket.terminate());
      resolve(socket);
    });
  });
}

function keepAlive(socket: WebSocket): void {
  let isAlive = true;
  const timer = setInterval(() => {
    if (!isAlive) socket.terminate();
    isAlive = false;
    socket.ping();
  }, HEARTBEAT_MS);
  socket.on("pong", () => {
    isAlive = true;
  });
  socket.on("close", () => clearInterval(timer));
}

/** Sends a message; resolves when the connection can take the next one. @throws when the client has gone. */
export function send(socket: WebSocket, message: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(message, { binary: typeof message !== "string" }, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
