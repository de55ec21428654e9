import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { Connection, type Publisher } from "rabbitmq-client";
import type { Outbox, WaitingMessage } from "./outbox.ts";

/** The exchange that wazo's services publish to. */
const EXCHANGE = { exchange: "wazo-headers", type: "headers", durable: true } as const;
const BATCH = 100;
const RETRY_MS = 500;
const RECONNECT_MAX_MS = 5_000;
/** How long a stop waits for the broker; what it has not confirmed by then is sent at the next start. */
const CLOSE_MS = 2_000;

/**
 * Sends what is in the outbox to RabbitMQ, each message until the broker has confirmed it: at least once, and those of
 * one task in their order.
 */
export class EventPublisher {
  readonly #outbox: Outbox;
  readonly #log: Logger;
  readonly #connection: Connection;
  readonly #publisher: Publisher;
  readonly #stopping = new AbortController();
  readonly #sending: Promise<void>;
  #wake: () => void = () => undefined;
  #failure: string | undefined = "not connected yet";

  /** @param url `amqp://user:password@host:port/vhost`. Connects, and connects again, by itself. */
  constructor(url: string, outbox: Outbox, log: Logger) {
    this.#outbox = outbox;
    this.#log = log;
    this.#connection = new Connection({
      url,
      connectionName: "plugctl",
      retryLow: RETRY_MS,
      retryHigh: RECONNECT_MAX_MS,
    });
    this.#connection.on("error", (error) => this.#failed(error));
    this.#connection.on("connection", () => {
      this.#failure = undefined;
      this.#wake();
    });
    this.#publisher = this.#connection.createPublisher({ confirm: true, exchanges: [EXCHANGE] });
    outbox.onCommitted(() => this.#wake());
    this.#sending = this.#run();
  }

  /** Undefined while the broker takes messages, else why it does not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    const closed = this.#sending
      .then(() => this.#publisher.close())
      .then(() => this.#connection.close())
      .catch(() => undefined);
    await Promise.race([closed, sleep(CLOSE_MS)]);
    this.#connection.unsafeDestroy();
  }

  #failed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#failure !== reason) this.#log.warn({ reason }, "the broker does not take messages");
    this.#failure = reason;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      try {
        const waitMs = await this.#sendWaiting();
        if (waitMs !== undefined) woken = Promise.race([woken, sleep(waitMs)]);
      } catch (error) {
        this.#failed(error);
        woken = Promise.race([woken, sleep(RETRY_MS)]);
      }
      if (!signal.aborted) await woken;
    }
  }

  /** Sends what is due. @returns the time until something else will be, in ms; undefined when nothing waits. */
  async #sendWaiting(): Promise<number | undefined> {
    for (;;) {
      const messages = await this.#outbox.waiting(BATCH);
      const held = new Set<string>();
      let next = Number.POSITIVE_INFINITY;
      let sent = 0;
      for (const message of messages) {
        if (this.#stopping.signal.aborted) return undefined;
        // What is held back holds back what comes after it of the same task.
        if (held.has(message.taskId)) continue;
        const waitMs = message.notBefore - Date.now();
        if (waitMs > 0) {
          held.add(message.taskId);
          next = Math.min(next, waitMs);
          continue;
        }
        await this.#send(message);
        sent++;
      }
      if (sent === 0 || messages.length < BATCH) return Number.isFinite(next) ? next : undefined;
    }
  }

  async #send({ seq, routingKey, headers, body }: WaitingMessage): Promise<void> {
    await this.#publisher.send(
      {
        exchange: EXCHANGE.exchange,
        routingKey,
        headers,
        contentType: "application/json",
        contentEncoding: "utf-8",
        durable: true,
        priority: 0,
      },
      Buffer.from(JSON.stringify(body)),
    );
    this.#failure = undefined;
    await this.#outbox.remove(seq);
  }
}
