import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Dispatcher } from "undici";
import Agent from "undici/lib/dispatcher/agent.js";
import { Problem } from "../../http/problem.ts";
import { limitBody } from "./body-limit.ts";
import type { PluginAddress } from "./plugin-address.ts";
import { requestHeaders } from "./request-headers.ts";
import { responseHeaders } from "./response-headers.ts";

const CONNECT_TIMEOUT_MS = 5_000;
/** An exchange ends when nothing moves for so long: event streams of plugins may be quiet for a while. */
export const IDLE_TIMEOUT_MS = 15 * 60_000;

/** Connections to plugins, kept alive between requests. Plugins live close by: HTTP/1.1 in the clear. */
export const createPluginAgent = (): Dispatcher =>
  new Agent({
    connections: null,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: IDLE_TIMEOUT_MS,
    bodyTimeout: IDLE_TIMEOUT_MS,
  });

export interface Exchange {
  agent: Dispatcher;
  /** Scheme and host of the plugin. */
  upstream: string;
  /** Path and query that the plugin gets. */
  path: string;
  address: PluginAddress;
  authorizedByHeader: boolean;
  /** What the request's body may have; null = without limit. */
  maxBodyBytes: number | null;
}

export interface ExchangeEnd {
  /** 0 when the visitor went away before an answer. */
  status: number;
  bytes: number;
  /** Set when the plugin gave no answer and so nothing was sent: the caller answers. */
  failure?: Problem;
}

const hasBody = ({ headers }: FastifyRequest) =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/** A request that can be sent again without being done twice. */
const isRepeatable = (request: FastifyRequest) =>
  !hasBody(request) && ["GET", "HEAD", "OPTIONS"].includes(request.method);

/** A kept-alive connection that the plugin closed at the moment in which it was used. */
const isStale = (error: Error) =>
  "code" in error && (error.code === "UND_ERR_SOCKET" || error.code === "ECONNRESET");

/** One request on its way to the plugin and its answer on the way back, both as streams: the slower side sets the pace. */
export class Relay implements Dispatcher.DispatchHandler {
  readonly #request: FastifyRequest;
  readonly #response: ServerResponse;
  readonly #reply: FastifyReply;
  readonly #exchange: Exchange;
  readonly #done = Promise.withResolvers<ExchangeEnd>();
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #bytes = 0;
  /** Of the answer's body; NaN when the plugin does not say. */
  #length = Number.NaN;
  #retried = false;
  #ended = false;

  constructor(request: FastifyRequest, reply: FastifyReply, exchange: Exchange) {
    this.#request = request;
    this.#reply = reply;
    this.#response = reply.raw;
    this.#exchange = exchange;
  }

  /** Resolves at the end, whatever it was. */
  run(): Promise<ExchangeEnd> {
    this.#response.socket?.setTimeout(IDLE_TIMEOUT_MS);
    this.#response.on("close", () => {
      if (!this.#response.writableFinished) this.end();
    });
    this.#dispatch();
    return this.#done.promise;
  }

  /** Breaks it off. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#controller?.abort(new Error("the visitor's connection has ended"));
    this.#reply.hijack();
    this.#response.destroy();
    this.#finish();
  }

  #dispatch(): void {
    const { agent, upstream, path, address, authorizedByHeader } = this.#exchange;
    agent.dispatch(
      {
        origin: upstream,
        path,
        method: this.#request.method,
        headers: requestHeaders(this.#request, { address, authorizedByHeader }),
        body: hasBody(this.#request) ? limitBody(this.#request, this.#exchange.maxBodyBytes) : null,
      },
      this,
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended) controller.abort(new Error("the visitor's connection has ended"));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
    statusText?: string,
  ): void {
    // Interim answers are between the plugin and this server.
    if (status < 200) return;
    const { address, upstream } = this.#exchange;
    this.#status = status;
    this.#length = Number(headers["content-length"]);
    this.#reply.hijack();
    const sent = responseHeaders(headers, address, upstream);
    if (statusText) this.#response.writeHead(status, statusText, sent);
    else this.#response.writeHead(status, sent);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes === this.#length) {
      // Known to be the last one: with the head, it goes out in one piece.
      this.#response.end(chunk);
      return;
    }
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once("drain", () => controller.resume());
  }

  onResponseEnd(): void {
    this.#ended = true;
    if (!this.#response.writableEnded) this.#response.end();
    this.#finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#ended) return;
    if (this.#status === 0 && !this.#retried && isStale(error) && isRepeatable(this.#request)) {
      this.#retried = true;
      this.#dispatch();
      return;
    }
    this.#ended = true;
    if (this.#status === 0) this.#finish(toFailure(error));
    else {
      // Too late for a status: a broken connection is how a visitor learns that the answer is not whole.
      this.#response.destroy();
      this.#finish();
    }
  }

  #finish(failure?: Problem): void {
    const end = { status: failure?.status ?? this.#status, bytes: this.#bytes };
    this.#done.resolve(failure === undefined ? end : { ...end, failure });
  }
}

function toFailure(cause: Error): Problem {
  if (cause instanceof Problem) return cause;
  const timedOut = "code" in cause && cause.code === "UND_ERR_HEADERS_TIMEOUT";
  return timedOut
    ? new Problem(504, "plugin_timeout", "the plugin did not answer in time", { cause })
    : new Problem(502, "plugin_unreachable", "the plugin gave no answer", { cause });
}
