import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { Endpoint } from "../protocol/registry.ts";
import type { Authenticator } from "../security.ts";
import { Connection, type ConnectionSurroundings } from "./connection.ts";

export interface ListenerOptions {
  /** By which authenticators and the log know it. */
  readonly name?: string | undefined;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /**
   * Where clients are told to connect, since they come back to it and not to the address that they began with; behind a
   * port-forward it is the outer one. Otherwise the listener's own address, or the one that a client reached where the
   * listener is bound to all.
   */
  readonly advertised?:
    | { readonly host?: string | undefined; readonly port?: number | undefined }
    | undefined;
  readonly tls?: TlsOptions | undefined;
}

/** How often connections are looked at for having overstayed their times, in milliseconds. */
const SWEEP = 1_000;

/** Whoever is refused comes again at once: the log says so once in this time, in milliseconds. */
const REPORT_INTERVAL = 60_000;

const EVERY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::", ""]);

let lastConnectionId = 0;

/** One port and the connections that came through it. */
export class Listener {
  readonly name: string;
  readonly #options: ListenerOptions;
  readonly #authenticator: Authenticator;
  readonly #around: ConnectionSurroundings;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  /** Open connections by the address that they come from. */
  readonly #byAddress = new Map<string, number>();
  #stopSweep: () => void = () => {};
  #stopping = false;
  #crowdReportedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ListenerOptions, authenticator: Authenticator, around: ConnectionSurroundings) {
    this.name = options.name ?? (options.tls === undefined ? "PLAINTEXT" : "SSL");
    this.#options = options;
    this.#authenticator = authenticator;
    this.#around = around;
    this.#server =
      options.tls === undefined
        ? createServer((socket) => this.#accept(socket))
        : createTlsServer({ ...options.tls, handshakeTimeout: around.limits.authentication }, (socket) =>
            this.#accept(socket),
          );
    this.#server.maxConnections = around.limits.maxConnections;
    this.#server.on("tlsClientError", (error) => around.log.debug({ err: error }, "TLS handshake failed"));
    this.#server.on("drop", () => this.#reportCrowd());
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** @throws the system's refusal of the address. */
  async listen(): Promise<Endpoint> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    this.#server.on("error", (error) => this.#around.log.error({ err: error }, "the listener failed"));
    this.#sweepLater();
    return this.address;
  }

  /** Where it listens; call after `listen`. */
  get address(): Endpoint {
    const bound = this.#server.address();
    if (bound === null || typeof bound === "string") return this.#options;
    return { host: this.#options.host, port: bound.port };
  }

  /** Accepts nobody any more, and closes when the requests that are under way are answered or the grace is over. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stopSweep();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.finish();
    const cancel = this.#around.clock.after(this.#around.limits.grace, () => {
      for (const connection of this.#connections) connection.close();
    });
    await closed;
    cancel();
  }

  #accept(socket: Socket): void {
    if (this.#stopping) {
      socket.destroy();
      return;
    }
    const address = socket.remoteAddress ?? "";
    if ((this.#byAddress.get(address) ?? 0) >= this.#around.limits.maxConnectionsPerAddress) {
      this.#reportCrowd(address);
      socket.destroy();
      return;
    }
    const session = this.#authenticator.open({
      address,
      listener: this.name,
      encrypted: this.#options.tls !== undefined,
    });
    const connection = new Connection(
      ++lastConnectionId,
      socket,
      session,
      this.#advertisedTo(socket),
      this.#around,
    );
    this.#connections.add(connection);
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    socket.once("close", () => {
      this.#connections.delete(connection);
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    });
  }

  /** @param address whose connections are too many; otherwise all together are */
  #reportCrowd(address?: string): void {
    const now = this.#around.clock.now();
    if (now - this.#crowdReportedAt < REPORT_INTERVAL) return;
    this.#crowdReportedAt = now;
    this.#around.log.warn({ listener: this.name, address }, "too many connections");
  }

  #advertisedTo(socket: Socket): Endpoint {
    const { advertised } = this.#options;
    const { host, port } = this.address;
    const reached = EVERY_ADDRESS.has(host) ? (socket.localAddress ?? host).replace(/^::ffff:/, "") : host;
    return { host: advertised?.host ?? reached, port: advertised?.port ?? port };
  }

  #sweepLater(): void {
    this.#stopSweep = this.#around.clock.after(SWEEP, () => {
      const now = this.#around.clock.now();
      for (const connection of this.#connections) connection.checkTimes(now);
      this.#sweepLater();
    });
  }
}
