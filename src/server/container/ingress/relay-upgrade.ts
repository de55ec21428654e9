import { request as httpRequest, type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Problem } from "../../http/problem.ts";
import { takeUpgrade } from "../../http/upgrades.ts";
import type { PluginAddress } from "./plugin-address.ts";
import { requestHeaders } from "./request-headers.ts";
import { responseHeaders } from "./response-headers.ts";

const HANDSHAKE_TIMEOUT_MS = 30_000;

export interface UpgradeExchange {
  upstream: string;
  path: string;
  address: PluginAddress;
  authorizedByHeader: boolean;
}

/** What the plugin said to the upgrade. */
export type UpgradeAnswer =
  | { accepted: true; response: IncomingMessage; socket: Socket; head: Buffer }
  | { accepted: false; response: IncomingMessage };

/** Asks the plugin for the upgrade that the visitor asks for. @throws Problem 502, 504 when it gives no answer. */
export async function askForUpgrade(
  request: FastifyRequest,
  exchange: UpgradeExchange,
): Promise<UpgradeAnswer> {
  const headers = requestHeaders(request, exchange);
  headers.push("connection", "Upgrade", "upgrade", request.headers.upgrade ?? "");
  const { promise, resolve, reject } = Promise.withResolvers<UpgradeAnswer>();
  const asked = httpRequest(new URL(exchange.upstream), {
    path: exchange.path,
    method: request.method,
    headers,
    agent: false,
    setDefaultHeaders: false,
    timeout: HANDSHAKE_TIMEOUT_MS,
  });
  const leave = () => asked.destroy();
  request.raw.socket.once("close", leave);
  asked.on("upgrade", (response, socket, head) => resolve({ accepted: true, response, socket, head }));
  asked.on("response", (response) => resolve({ accepted: false, response }));
  asked.on("timeout", () =>
    asked.destroy(new Problem(504, "plugin_timeout", "the plugin did not answer in time")),
  );
  asked.on("error", (cause) =>
    reject(
      cause instanceof Problem
        ? cause
        : new Problem(502, "plugin_unreachable", "the plugin gave no answer", { cause }),
    ),
  );
  asked.end();
  try {
    return await promise;
  } finally {
    request.raw.socket.off("close", leave);
    asked.setTimeout(0);
  }
}

export interface Tunnel {
  /** Resolves when both sides have ended; bytes towards the visitor. */
  done: Promise<{ bytes: number }>;
  end(): void;
}

/** Hands the visitor the plugin's consent, and joins the two connections until both have ended. */
export function openTunnel(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Extract<UpgradeAnswer, { accepted: true }>,
  exchange: UpgradeExchange,
): Tunnel {
  const visitor = takeUpgrade(request, reply);
  const { socket: plugin, head, response } = answer;
  if (visitor === undefined) throw new Error("only a request for an upgrade can become a tunnel");
  const end = () => {
    visitor.socket.destroy();
    plugin.destroy();
  };
  const closed = Promise.all(
    [visitor.socket, plugin].map(
      (socket) =>
        new Promise<void>((resolve) => {
          if (socket.destroyed) resolve();
          else socket.once("close", () => resolve());
          socket.on("error", end);
        }),
    ),
  );
  plugin.setTimeout(0);
  for (const socket of [visitor.socket, plugin]) socket.setNoDelay(true);
  visitor.socket.write(consent(response, exchange));
  if (head.length > 0) visitor.socket.write(head);
  if (visitor.head.length > 0) plugin.write(visitor.head);
  // Each side may end its half by itself, and the other one still says the rest.
  plugin.pipe(visitor.socket);
  visitor.socket.pipe(plugin);
  // Where one side is gone altogether, nobody is left to hear the other.
  plugin.once("close", () => visitor.socket.end());
  visitor.socket.once("close", () => plugin.destroy());
  if (visitor.socket.destroyed || plugin.destroyed) end();
  return { done: closed.then(() => ({ bytes: plugin.bytesRead })), end };
}

/** The head of the answer 101. */
function consent(response: IncomingMessage, { address, upstream }: UpgradeExchange): string {
  const { statusCode = 101, headers } = response;
  const lines = [`HTTP/1.1 ${statusCode} ${response.statusMessage ?? STATUS_CODES[statusCode]}`];
  lines.push("connection: Upgrade", `upgrade: ${headers.upgrade ?? ""}`);
  const sent = responseHeaders(headers, address, upstream);
  for (let index = 0; index < sent.length; index += 2) lines.push(`${sent[index]}: ${sent[index + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Passes a refusal on, which is an ordinary answer, and ends the connection. Resolves at its end. */
export async function passRefusal(
  reply: FastifyReply,
  { response }: Extract<UpgradeAnswer, { accepted: false }>,
  { address, upstream }: UpgradeExchange,
): Promise<void> {
  reply.hijack();
  reply.raw.writeHead(response.statusCode ?? 502, responseHeaders(response.headers, address, upstream));
  await pipeline(response, reply.raw).catch(() => reply.raw.destroy());
}
