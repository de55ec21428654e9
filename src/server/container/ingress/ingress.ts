import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { Dispatcher } from "undici";
import { Problem } from "../../http/problem.ts";
import { asksForUpgrade } from "../../http/upgrades.ts";
import { requireAllowedLength } from "./body-limit.ts";
import { createPluginAgent, type ExchangeEnd, Relay } from "./forward.ts";
import type { Gate, Visitor } from "./gate.ts";
import type { OpenConnections } from "./open-connections.ts";
import type { PluginAddress } from "./plugin-address.ts";
import { type PublishedPlugin, type PublishedPlugins, pluginKey, type Reach } from "./published-plugin.ts";
import { askForUpgrade, openTunnel, passRefusal, type UpgradeExchange } from "./relay-upgrade.ts";
import { StartupWait } from "./startup.ts";

export interface IngressParts {
  plugins: PublishedPlugins;
  gate: Gate;
  connections: OpenConnections;
  log: Logger;
  now: () => Date;
}

/** A request for a plugin, after its address was read. */
export interface Visit {
  plugin: PublishedPlugin;
  address: Omit<PluginAddress, "strip">;
  /** Path and query as the visitor asked for them. */
  publicPath: string;
  /** The same below the address's prefix, beginning with a slash. */
  innerPath: string;
}

/** Passes requests of visitors on to plugins (docs/ingress.md). */
export class Ingress {
  readonly #parts: IngressParts;
  readonly #startup: StartupWait;
  readonly #agent: Dispatcher = createPluginAgent();

  constructor(parts: IngressParts) {
    this.#parts = parts;
    this.#startup = new StartupWait(parts.now);
  }

  /** Answers the request, whatever becomes of it, and writes its line to the access log. */
  async serve(request: FastifyRequest, reply: FastifyReply, visit: Visit): Promise<FastifyReply> {
    const begin = performance.now();
    let visitor: Visitor | undefined;
    let end: ExchangeEnd;
    try {
      const reach = await this.#parts.plugins.reach(visit.plugin);
      const strip = reach.state !== "running" || reach.rewriteBasePath;
      const address = { ...visit.address, strip };
      visitor = await this.#parts.gate.admit(request, visit.plugin, address);
      end = await this.#pass(request, reply, { visit, visitor, address, reach });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      end = { status: error.status, bytes: 0, failure: error };
    }
    this.#log(request, visit.plugin, visitor, end, performance.now() - begin);
    if (end.failure !== undefined) throw end.failure;
    return reply;
  }

  /** Ends what is under way, and the connections to plugins. */
  async close(): Promise<void> {
    this.#parts.connections.endAll();
    await this.#agent.destroy();
  }

  async #pass(
    request: FastifyRequest,
    reply: FastifyReply,
    { visit, visitor, address, reach }: Admitted,
  ): Promise<ExchangeEnd> {
    const running = assertRunning(reach, visit.plugin);
    if (running.startedAt !== null) await this.#startup.untilListening(running.origin, running.startedAt);
    const exchange = {
      upstream: running.origin,
      path: address.strip ? visit.innerPath : visit.publicPath,
      address,
      authorizedByHeader: visitor.authorizedByHeader,
      maxBodyBytes: visitor.login === null ? visit.plugin.maxBodyBytes : null,
    };
    requireAllowedLength(request, exchange.maxBodyBytes);
    const key = pluginKey(visit.plugin);
    const { connections } = this.#parts;
    if (!connections.hasRoom(key)) {
      throw new Problem(503, "plugin_busy", "the plugin has as many connections as it may have", {
        headers: { "retry-after": "10" },
      });
    }
    const { login } = visitor;
    if (asksForUpgrade(request)) return this.#tunnel(request, reply, exchange, { key, login });
    const relay = new Relay(request, reply, { agent: this.#agent, ...exchange });
    const ended = connections.add(key, { login }, () => relay.end());
    return relay.run().finally(ended);
  }

  async #tunnel(
    request: FastifyRequest,
    reply: FastifyReply,
    exchange: UpgradeExchange,
    { key, login }: { key: string; login: string | null },
  ): Promise<ExchangeEnd> {
    const answer = await askForUpgrade(request, exchange);
    const status = answer.response.statusCode ?? 502;
    if (!answer.accepted) {
      await passRefusal(reply, answer, exchange);
      return { status, bytes: 0 };
    }
    const tunnel = openTunnel(request, reply, answer, exchange);
    const ended = this.#parts.connections.add(key, { login }, () => tunnel.end());
    const { bytes } = await tunnel.done.finally(ended);
    return { status, bytes };
  }

  /** The path without its query, which may hold secrets. */
  #log(
    request: FastifyRequest,
    plugin: PublishedPlugin,
    visitor: Visitor | undefined,
    { status, bytes, failure }: ExchangeEnd,
    ms: number,
  ): void {
    const { log } = this.#parts;
    if (!log.isLevelEnabled("info")) return;
    log.info(
      {
        plugin: pluginKey(plugin),
        method: request.method,
        path: request.originalUrl.split("?", 1)[0],
        status,
        bytes,
        ms: Math.round(ms * 10) / 10,
        ip: request.ip,
        login: visitor?.login ?? null,
        ...(failure === undefined ? {} : { code: failure.code }),
      },
      "visit",
    );
  }
}

interface Admitted {
  visit: Visit;
  visitor: Visitor;
  address: PluginAddress;
  reach: Reach;
}

function assertRunning(reach: Reach, { name }: PublishedPlugin): Extract<Reach, { state: "running" }> {
  if (reach.state === "running") return reach;
  if (reach.state === "none") throw new Problem(404, "no_endpoint", `${name} has no web interface`);
  throw new Problem(503, "plugin_not_running", `${name} is ${reach.nativeState}`, {
    headers: { "retry-after": "10" },
    extra: { state: reach.nativeState },
  });
}
