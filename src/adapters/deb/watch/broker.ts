import { EventEmitter, on } from "node:events";
import type { AsyncMessage, Connection as Broker, Consumer } from "rabbitmq-client";
import { type ErrorCode, isPlugctlError, PlugctlError } from "../../../core/errors.ts";
import type { PlugindClient } from "../wazo/client.ts";
import { taskEventSchema, type WireTaskEvent } from "../wazo/schema.ts";
import { changeBetween, unchanged } from "./lists.ts";
import type { Expectation, TaskWatch } from "./watch.ts";

/** As wazo-plugind declares it (wazo-plugind spec, section 5.4). */
const EXCHANGE = { exchange: "wazo-headers", type: "headers", durable: true } as const;

const EVENTS = ["plugin_install_progress", "plugin_uninstall_progress"];

export interface BrokerOptions {
  /** `amqp://user@host:port/vhost`, without a password. */
  url: string;
  password: string | undefined;
  /** For the connection, and for the first word of a task. */
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * Listens on the message bus of a wazo-plugind with a queue of its own.
 * @throws UNAVAILABLE when the broker cannot be reached or refuses: nothing has been begun then.
 */
export async function watchBroker(
  client: PlugindClient,
  expectation: Expectation,
  options: BrokerOptions,
): Promise<TaskWatch> {
  const before = await client.plugins();
  const tasks = new EventEmitter();
  const closeBroker = await listen(options, tasks, client.target);
  const events = on(tasks, "event", { signal: options.signal });
  return {
    async follow(uuid, progress) {
      const silence = setTimeout(
        () => tasks.emit("error", silent(client.target, uuid)),
        Math.max(options.timeoutMs, 60_000),
      );
      let installed = false;
      try {
        for await (const [event] of events as AsyncIterable<[WireTaskEvent]>) {
          if (event.uuid !== uuid) continue;
          clearTimeout(silence);
          if (event.status === "error") throw failure(event, expectation.label, client.target);
          progress({ phase: event.status, message: `${event.status} (${expectation.label})` });
          installed ||= event.status === "installing";
          if (event.status !== "completed") continue;
          const after = await client.plugins();
          return changeBetween(before, after, expectation) ?? unchanged(after, expectation, installed);
        }
      } finally {
        clearTimeout(silence);
      }
      throw silent(client.target, uuid);
    },
    async [Symbol.asyncDispose]() {
      await closeBroker();
    },
  };
}

/** Resolves when the queue is bound. Later failures of the connection arrive as an `error` of the emitter. */
async function listen(
  { url, password, timeoutMs }: BrokerOptions,
  tasks: EventEmitter,
  target: string,
): Promise<() => Promise<void>> {
  const { Connection: BrokerConnection } = await import("rabbitmq-client");
  const address = new URL(url);
  address.username ||= "guest";
  address.password = password ?? "guest";
  const broker: Broker = new BrokerConnection({
    url: address.href,
    connectionName: "plugctl",
    connectionTimeout: timeoutMs,
    acquireTimeout: timeoutMs,
  });
  const consumer: Consumer = broker.createConsumer(
    {
      queue: "",
      noAck: true,
      queueOptions: { exclusive: true, autoDelete: true, durable: false },
      exchanges: [EXCHANGE],
      queueBindings: EVENTS.map((name) => ({
        exchange: EXCHANGE.exchange,
        routingKey: "",
        arguments: { "x-match": "all", name },
      })),
    },
    (message) => {
      const event = readEvent(message);
      if (event !== undefined) tasks.emit("event", event);
    },
  );
  const close = async () => {
    await consumer.close().catch(() => {});
    await broker.close().catch(() => {});
  };
  try {
    await new Promise<void>((resolve, reject) => {
      consumer.once("ready", resolve);
      consumer.on("error", reject);
      broker.on("error", reject);
    });
  } catch (cause) {
    // Not closed in order, which would wait for the connection that there is not.
    broker.unsafeDestroy();
    consumer.close().catch(() => {});
    throw unreachable(address, cause, target);
  }
  // A queue of its own ends with its connection, and what is said meanwhile is lost.
  const lost = (cause: unknown) => {
    if (tasks.listenerCount("error") > 0) tasks.emit("error", unreachable(address, cause, target));
  };
  consumer.on("error", lost);
  broker.on("error", lost);
  return close;
}

/** Undefined for what is no event of a task. */
function readEvent({ body }: AsyncMessage): WireTaskEvent | undefined {
  try {
    const data: unknown = Buffer.isBuffer(body) ? JSON.parse(body.toString("utf8")) : body;
    return taskEventSchema.parse(data).data;
  } catch {
    return undefined;
  }
}

function unreachable({ host }: URL, cause: unknown, target: string): unknown {
  if (isPlugctlError(cause)) return cause;
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return new PlugctlError(
    "UNAVAILABLE",
    `target "${target}": no connection to the message bus at ${host} (${String(code ?? message)})`,
    {
      cause,
      hint: "it is deb.amqp in the target's configuration, its password PLUGCTL_AMQP_PASSWORD; without deb.amqp the list of plugins is watched instead",
      details: { target },
    },
  );
}

const silent = (target: string, task: string) =>
  new PlugctlError("TIMEOUT", `target "${target}" said nothing of the task on its message bus`, {
    hint: "is deb.amqp the bus of that host? /var/log/wazo-plugind.log on the host tells how the task went",
    details: { target, task },
  });

/** A failed task (wazo-plugind spec, section 5.3). */
function failure({ uuid, errors }: WireTaskEvent, label: string, target: string): PlugctlError {
  const { error_id, message, details = {} } = errors ?? { error_id: "error", message: "Error" };
  const code: ErrorCode = error_id === "validation-error" ? "INVALID" : "BACKEND";
  const step = typeof details.step === "string" ? details.step : error_id.replace(/-error$/, "");
  const why = code === "INVALID" ? faults(details) : `while ${step.replaceAll("-", " ")}`;
  return new PlugctlError(code, `${label}: ${message.toLowerCase()}${why === "" ? "" : `: ${why}`}`, {
    hint: "the output of the plugin's steps is in /var/log/wazo-plugind.log on the host, when it runs with debug",
    details: { target, task: uuid, errorId: error_id, step, ...details },
  });
}

const faults = (details: Record<string, unknown>): string =>
  Object.entries(details)
    .map(
      ([field, fault]) => `${field}: ${(fault as { message?: unknown })?.message ?? JSON.stringify(fault)}`,
    )
    .join("; ");
