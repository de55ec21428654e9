import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type AsyncMessage, Connection } from "rabbitmq-client";
import { afterAll, beforeAll } from "vitest";
import { type Daemon, startDaemon } from "./daemon.ts";
import { freePort } from "./free-port.ts";

/** Debian's own script of that name changes to the user `rabbitmq` and its folders. */
const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/** A RabbitMQ of the test's own, on ports of its own. */
export interface RabbitMq {
  readonly url: string;
  start(): Promise<void>;
  /** Whatever it has not written to disk is gone. */
  stop(): Promise<void>;
  /** Binds a queue to wazo's exchange and collects what comes, until the test file ends. */
  listen(): Promise<{ messages: AsyncMessage[] }>;
}

/** A RabbitMQ for the tests of a file; call it inside `describe`. */
export function useRabbitMq(): RabbitMq {
  const connections: Connection[] = [];
  let folder = "";
  let port = 0;
  let distributionPort = 0;
  let namePort = 0;
  let daemon: Daemon | undefined;

  async function start(): Promise<void> {
    const node = `plugctl-${port}@localhost`;
    const env = {
      HOME: folder,
      RABBITMQ_NODENAME: node,
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
      RABBITMQ_LOG_BASE: join(folder, "log"),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
      RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
      RABBITMQ_CONF_ENV_FILE: join(folder, "none.conf"),
      RABBITMQ_PID_FILE: join(folder, "pid"),
      // A name daemon of its own, which ends with the tests.
      ERL_EPMD_PORT: String(namePort),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+S 1:1",
    };
    daemon = await startDaemon({
      program: SERVER,
      args: [],
      logFile: join(folder, "server.log"),
      env,
      ready: () => canConnect(`amqp://guest:guest@127.0.0.1:${port}`),
    });
  }
  async function stop(): Promise<void> {
    await daemon?.stop();
    daemon = undefined;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plugctl-rabbitmq-"));
    await mkdir(join(folder, "log"));
    await writeFile(join(folder, "enabled_plugins"), "[].\n");
    await writeFile(join(folder, "rabbitmq.conf"), "loopback_users = none\n");
    [port, distributionPort, namePort] = await Promise.all([freePort(), freePort(), freePort()]);
    await start();
  }, 120_000);
  afterAll(async () => {
    for (const connection of connections) connection.unsafeDestroy();
    await stop();
    await promisify(execFile)("epmd", ["-port", String(namePort), "-kill"]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  });

  return {
    get url() {
      return `amqp://guest:guest@127.0.0.1:${port}`;
    },
    start,
    stop,
    async listen() {
      const messages: AsyncMessage[] = [];
      const connection = new Connection({ url: `amqp://guest:guest@127.0.0.1:${port}`, retryLow: 100 });
      connection.on("error", () => undefined);
      connections.push(connection);
      const queue = `test-${crypto.randomUUID()}`;
      const exchange = { exchange: "wazo-headers", type: "headers", durable: true };
      const consumer = connection.createConsumer(
        {
          queue,
          queueOptions: { queue, durable: true },
          exchanges: [exchange],
          queueBindings: [{ exchange: exchange.exchange, queue }],
        },
        async (message) => {
          messages.push({ ...message, body: JSON.parse(String(message.body)) });
        },
      );
      consumer.on("error", () => undefined);
      await once(consumer, "ready");
      return { messages };
    },
  };
}

async function canConnect(url: string): Promise<boolean> {
  const connection = new Connection({ url, connectionTimeout: 2_000 });
  connection.on("error", () => undefined);
  try {
    await connection.onConnect(2_000, true);
    return true;
  } finally {
    connection.unsafeDestroy();
  }
}
