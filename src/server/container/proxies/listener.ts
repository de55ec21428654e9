import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, isIPv6, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { conflictError, invalidError } from "../../../core/errors.ts";

/** Where connections of one proxy go at the moment. */
export interface ProxyTarget {
  host: string;
  port: number;
  /** Speak TLS to it. */
  secure: boolean;
  /** Its certificate has to be one that this machine trusts: not for plugins, which are reached inside of the machine. */
  verified: boolean;
}

export interface ListenerOptions {
  protocol: "tcp" | "udp";
  address: string;
  port: number;
  /** Asked for each connection: a plugin that was started again has another address. @throws when it does not run. */
  target: () => Promise<ProxyTarget>;
  /** Told of each connection that has ended, and of each that could not be made. */
  onEnd: (visit: { ip: string; sentBytes: number; receivedBytes: number; error?: Error }) => void;
}

export interface Listener {
  /** The one that was taken, for port 0. */
  port: number;
  /** Ends its connections too. */
  close(): Promise<void>;
}

/** More than that at once would use up the server's sockets. */
const MAX_CONNECTIONS = 1024;
const CONNECT_TIMEOUT_MS = 5_000;
/** A UDP sender who is quiet for so long is forgotten. */
const UDP_IDLE_MS = 60_000;

/** Opens a port of this machine. @throws CONFLICT when it is in use or not allowed, INVALID for a foreign address. */
export function listen(options: ListenerOptions): Promise<Listener> {
  return options.protocol === "tcp" ? listenTcp(options) : listenUdp(options);
}

function listenError(error: NodeJS.ErrnoException, { protocol, address, port }: ListenerOptions): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return conflictError(`${protocol} port ${port} on ${address} is in use`);
    case "EACCES":
      return conflictError(`the server's user may not open ${protocol} port ${port}`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return invalidError(`this machine has no address ${address}`);
    default:
      return error;
  }
}

async function listenTcp(options: ListenerOptions): Promise<Listener> {
  const visitors = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (visitor) => {
    visitors.add(visitor);
    visitor.on("close", () => visitors.delete(visitor));
    void pass(visitor, options);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(options.port, options.address);
  await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
    throw listenError(error, options);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const visitor of visitors) visitor.destroy();
      await closed;
    },
  };
}

async function pass(visitor: Socket, { target, onEnd }: ListenerOptions): Promise<void> {
  const ip = visitor.remoteAddress ?? "";
  let upstream: Socket | undefined;
  let failure: Error | undefined;
  visitor.on("error", () => visitor.destroy());
  try {
    upstream = await connectTo(await target());
    if (visitor.destroyed) return;
    const ends = [visitor, upstream].map((socket) => once(socket, "close"));
    const [one, other] = [visitor, upstream];
    other.on("error", (error) => {
      failure = error;
      one.destroy();
    });
    one.pipe(other);
    other.pipe(one);
    one.once("close", () => other.destroySoon());
    other.once("close", () => one.destroySoon());
    await Promise.all(ends);
  } catch (error) {
    failure = error as Error;
  } finally {
    visitor.destroy();
    upstream?.destroy();
    onEnd({
      ip,
      sentBytes: visitor.bytesWritten,
      receivedBytes: visitor.bytesRead,
      ...(failure === undefined ? {} : { error: failure }),
    });
  }
}

async function connectTo({ host, port, secure, verified }: ProxyTarget): Promise<Socket> {
  const socket = secure
    ? connectTls({ host, port, rejectUnauthorized: verified, ...(verified ? { servername: host } : {}) })
    : connect({ host, port, allowHalfOpen: true });
  const timer = setTimeout(() => socket.destroy(new Error("no answer")), CONNECT_TIMEOUT_MS);
  try {
    await once(socket, secure ? "secureConnect" : "connect");
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Each sender gets a socket of its own towards the target, so that answers find the way back. */
async function listenUdp(options: ListenerOptions): Promise<Listener> {
  const { address, port, target, onEnd } = options;
  const type = isIPv6(address) ? "udp6" : "udp4";
  const server = createSocket(type);
  const senders = new Map<string, Sender>();

  server.on("message", (message, { address: ip, port: from }) => {
    const key = `${ip} ${from}`;
    let sender = senders.get(key);
    if (sender === undefined) {
      if (senders.size >= MAX_CONNECTIONS) return;
      sender = new Sender({
        target,
        answer: (data) => server.send(data, from, ip),
        end: (counts) => {
          senders.delete(key);
          onEnd({ ip, ...counts });
        },
      });
      senders.set(key, sender);
    }
    sender.send(message);
  });
  const bound = once(server, "listening");
  server.bind(port, address);
  await bound.catch((error: NodeJS.ErrnoException) => {
    throw listenError(error, options);
  });
  server.on("error", () => undefined);
  return {
    port: server.address().port,
    async close() {
      for (const sender of [...senders.values()]) sender.end();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

interface SenderParts {
  target: () => Promise<ProxyTarget>;
  answer: (data: Buffer) => void;
  end: (counts: { sentBytes: number; receivedBytes: number; error?: Error }) => void;
}

class Sender {
  readonly #parts: SenderParts;
  readonly #socket: Promise<UdpSocket>;
  readonly #timer: NodeJS.Timeout;
  #sentBytes = 0;
  #receivedBytes = 0;
  #ended = false;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#timer = setTimeout(() => this.end(), UDP_IDLE_MS);
    this.#timer.unref();
    this.#socket = this.#open();
    this.#socket.catch((error: Error) => this.end(error));
  }

  send(message: Buffer): void {
    this.#receivedBytes += message.length;
    this.#timer.refresh();
    this.#socket.then((socket) => socket.send(message)).catch((error: Error) => this.end(error));
  }

  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#socket.then((socket) => socket.close()).catch(() => undefined);
    const counts = { sentBytes: this.#sentBytes, receivedBytes: this.#receivedBytes };
    this.#parts.end(error === undefined ? counts : { ...counts, error });
  }

  async #open(): Promise<UdpSocket> {
    const { host, port } = await this.#parts.target();
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    socket.on("message", (data) => {
      this.#sentBytes += data.length;
      this.#timer.refresh();
      this.#parts.answer(data);
    });
    const connected = once(socket, "connect");
    socket.connect(port, host);
    await connected;
    socket.on("error", (error) => this.end(error));
    return socket;
  }
}
