// The two brokers of bench/kafka.mjs, as users run them: the built `plugctl serve`, and Apache Kafka with the virtual machine
// that its start script gives it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { prepareApacheKafka } from "../test/helpers/apache-kafka.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const APACHE_JVM = ["-Xmx1G", "-Xms1G", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"];

/**
 * @param fsync `always` or `interval`
 * @returns what can be started more than once on the same data; `start` answers when a client is
 */
export function plugctlBroker(folder, fsync) {
  const [config, ready] = [join(folder, "config"), join(folder, "ready.json")];
  mkdirSync(folder, { recursive: true });
  let child;
  return {
    name: "plugctl",
    async start() {
      rmSync(ready, { force: true });
      const args = [join(ROOT, "bin", "plugctl.js"), "serve", "--data", join(folder, "data"), "--port", "0"];
      args.push("--ready-file", ready, "--only", "kafka", "--kafka-fsync", fsync);
      const env = { ...process.env, PLUGCTL_CONFIG_DIR: config };
      child = spawn(process.execPath, args, { env, stdio: "ignore" });
      const { kafka } = await untilReadable(ready);
      const { credentials } = await untilReadable(join(config, "credentials.json"));
      await untilListening(kafka);
      const login = { username: "admin", password: credentials["local-kafka"].token };
      return {
        bootstrap: kafka,
        pid: child.pid,
        java: javaLogin(folder, login),
        kafkajs: saslOf(login),
        config,
      };
    },
    async stop() {
      if (child === undefined || child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

/** @param settings further lines of `server.properties` */
export async function apacheBroker(settings) {
  const prepared = await prepareApacheKafka(settings);
  const { host, port } = prepared.address;
  let daemon;
  return {
    name: "Apache Kafka",
    async start() {
      daemon = await prepared.start(APACHE_JVM);
      return { bootstrap: `${host}:${port}`, pid: daemon.pid, java: [], kafkajs: {} };
    },
    stop: async () => daemon?.stop(),
    remove: () => prepared[Symbol.asyncDispose](),
  };
}

/** Resident memory now and at its most, in MiB. */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mib = (key) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)[1]) / 1024;
  return { now: mib("VmRSS"), most: mib("VmHWM") };
}

const saslOf = ({ username, password }) => ({ sasl: { mechanism: "plain", username, password } });

/** Arguments with which a Java tool signs in. */
function javaLogin(folder, { username, password }) {
  const file = join(folder, "client.properties");
  const module = "org.apache.kafka.common.security.plain.PlainLoginModule";
  const lines = [
    "security.protocol=SASL_PLAINTEXT",
    "sasl.mechanism=PLAIN",
    `sasl.jaas.config=${module} required username="${username}" password="${password}";`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  return ["--command-config", file];
}

async function untilReadable(file) {
  for (let waited = 0; ; waited += 5) {
    try {
      return JSON.parse(readFileSync(file, "utf8"));
    } catch (error) {
      if (waited > 30_000) throw error;
      await sleep(5);
    }
  }
}

async function untilListening(address) {
  const [host, port] = address.split(":");
  const socket = connect({ host, port: Number(port) });
  await once(socket, "connect");
  socket.destroy();
}
