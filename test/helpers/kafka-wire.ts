import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { systemClock } from "../../src/server/kafka/broker/clock.ts";
import { apiVersionsRoute } from "../../src/server/kafka/broker/handlers/api-versions.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/server/kafka/broker/net/limits.ts";
import { Listener } from "../../src/server/kafka/broker/net/listener.ts";
import { MemoryBudget } from "../../src/server/kafka/broker/net/memory-budget.ts";
import { messageCodec } from "../../src/server/kafka/broker/protocol/codec.ts";
import { Reader } from "../../src/server/kafka/broker/protocol/reader.ts";
import { ApiRegistry, type Endpoint, type Route } from "../../src/server/kafka/broker/protocol/registry.ts";
import type { Api } from "../../src/server/kafka/broker/protocol/schema.ts";
import { type Authenticator, noAuthentication } from "../../src/server/kafka/broker/security.ts";
import { encodeRequest } from "./kafka-messages.ts";

/** Reports of a listener, for a test to look at. */
export interface Reports {
  readonly errors: unknown[];
}

export interface TestListener {
  readonly listener: Listener;
  readonly address: Endpoint;
  readonly budget: MemoryBudget;
  readonly reports: Reports;
}

/** A listener with ApiVersions and the given routes; it stops with the test. */
export async function startListener(
  routes: readonly Route[] = [],
  {
    limits,
    authenticator = noAuthentication,
  }: { limits?: Partial<Limits>; authenticator?: Authenticator } = {},
): Promise<TestListener> {
  const all = { ...DEFAULT_LIMITS, grace: 200, ...limits };
  const reports: Reports = { errors: [] };
  const note = (line: unknown) => void reports.errors.push(line);
  const registry = new ApiRegistry();
  registry.add(apiVersionsRoute(registry), ...routes);
  const budget = new MemoryBudget(all.maxBuffered);
  const listener = new Listener({ host: "127.0.0.1", port: 0 }, authenticator, {
    registry,
    limits: all,
    budget,
    clock: systemClock,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: note },
  });
  const address = await listener.listen();
  onTestFinished(() => listener.stop());
  return { listener, address, budget, reports };
}

/** One response: its correlation id and what follows. */
export interface Answer {
  readonly correlationId: number;
  readonly rest: Buffer;
}

/** A bare connection to a broker: sends bytes, collects answers. */
export class WireClient {
  readonly socket: Socket;
  readonly answers: Answer[] = [];
  #received = Buffer.alloc(0);
  #wake = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("close", () => this.#wake());
  }

  static async connect({ host, port }: Endpoint): Promise<WireClient> {
    const socket = connect({ host, port });
    const client = new WireClient(socket);
    await once(socket, "connect");
    return client;
  }

  /** Waits for so many answers altogether. */
  async until(count: number): Promise<readonly Answer[]> {
    while (this.answers.length < count) {
      if (this.socket.destroyed) throw new Error(`closed after ${this.answers.length} of ${count} answers`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.answers;
  }

  /** Sends one request and reads its answer. */
  async call(api: Api, version: number, request: unknown): Promise<Record<string, unknown>> {
    const count = this.answers.length;
    this.socket.write(encodeRequest(api, version, request, { correlationId: count }));
    const answers = await this.until(count + 1);
    return decodeAnswer(api, version, answers[count] as Answer);
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, "close");
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0)) {
      const end = 4 + this.#received.readInt32BE(0);
      this.answers.push({
        correlationId: this.#received.readInt32BE(4),
        rest: this.#received.subarray(8, end),
      });
      this.#received = this.#received.subarray(end);
    }
    this.#wake();
  }
}

export function decodeAnswer(api: Api, version: number, { rest }: Answer): Record<string, unknown> {
  const from = new Reader(rest);
  if (version >= api.flexible && api.key !== 18) from.uvarint();
  const value = messageCodec(api, api.response, version).read(from);
  from.end();
  return value;
}
