import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { BuiltServer } from "../helpers/built-plugctl.ts";
import { describeWith } from "../helpers/debian-programs.ts";
import { runProgram } from "../helpers/run-program.ts";

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function serve(folder: string, ...args: string[]): Promise<BuiltServer> {
  const server = await BuiltServer.start({ folder, args: ["--only", "store,kafka", ...args] });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

const readyFileOf = async ({ folder }: BuiltServer) =>
  JSON.parse(await readFile(join(folder, "ready.json"), "utf8"));

async function kcat(server: BuiltServer, args: string[], input = ""): Promise<string> {
  const { kafka } = await readyFileOf(server);
  const settings = Object.entries({
    "security.protocol": "SASL_SSL",
    "ssl.ca.location": join(server.folder, "data", "tls", "cert.pem"),
    "sasl.mechanism": "PLAIN",
    "sasl.username": "admin",
    "sasl.password": server.token,
  }).flatMap(([key, value]) => ["-X", `${key}=${value}`]);
  const { code, stdout, stderr } = await runProgram("kcat", ["-b", kafka, ...settings, ...args], input);
  if (code !== 0) throw new Error(`kcat ended with ${code}: ${stderr}`);
  return stdout;
}

const produce = (server: BuiltServer, line: string) =>
  kcat(server, ["-P", "-t", "words", "-X", "acks=all"], `${line}\n`);
const consume = (server: BuiltServer) => kcat(server, ["-C", "-t", "words", "-o", "beginning", "-e", "-q"]);

describeWith(["kcat"], "plugctl serve as a Kafka broker", () => {
  it("keeps what kcat was told is written, over a stop and over kill -9", async () => {
    const folder = await makeFolder();
    const first = await serve(folder, "--tls-self-signed");
    await produce(first, "one");
    expect(await first.end()).toBe(0);
    const second = await serve(folder, "--tls-self-signed");
    await produce(second, "two");
    await second.end("SIGKILL");
    const third = await serve(folder, "--tls-self-signed");
    expect(await consume(third)).toBe("one\ntwo\n");
    expect(await third.end()).toBe(0);
  });

  it("offers a target for plugctl's own commands, which follows its address", async () => {
    const folder = await makeFolder();
    const first = await serve(folder, "--tls-self-signed");
    await first.run("kafka", "topics", "create", "words", "--partitions", "2");
    await first.end();
    const second = await serve(folder, "--tls-self-signed", "--kafka-fsync", "interval");
    const topics = JSON.parse(await second.run("kafka", "topics", "list", "-o", "json"));
    expect(topics).toMatchObject([{ name: "words", partitions: 2 }]);
    expect(JSON.parse(await second.run("server", "status", "-o", "json")).counts).toMatchObject({
      kafkaTopics: 1,
      kafkaPartitions: 2,
    });
    const rows = JSON.parse(await second.run("audit", "--action", "kafka.topic.create", "-o", "json"));
    expect(rows).toMatchObject([{ actor: "admin", resource: "topic:words", outcome: "ok" }]);
  });

  it("goes on without the broker where its port is in use, and says so", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const server = await serve(await makeFolder(), "--kafka-port", String(port));
    const ready = await readyFileOf(server);
    expect(ready.kafka).toBeUndefined();
    expect(ready.modules.kafka).toEqual({
      unavailable: `port ${port} on 127.0.0.1 is in use: choose another with --kafka-port, or 0 for any free one`,
    });
    expect(ready.targets).toEqual(["local-store"]);
  });

  it("points at other brokers with --kafka-brokers, and is ready while one of them answers", async () => {
    const brokers = createServer().listen(0, "127.0.0.1");
    await once(brokers, "listening");
    const { port } = brokers.address() as AddressInfo;
    const server = await serve(await makeFolder(), "--kafka-brokers", `127.0.0.1:1,127.0.0.1:${port}`);
    expect(await readyFileOf(server)).toMatchObject({
      kafka: `127.0.0.1:1,127.0.0.1:${port}`,
      modules: { kafka: "ready" },
      targets: ["local-store", "local-kafka"],
    });
    const targets = JSON.parse(await server.run("target", "list", "-o", "json"));
    expect(targets).toContainEqual(expect.objectContaining({ name: "local-kafka", kind: "kafka" }));
    brokers.close();
    const answer = await fetch(`${server.http}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      modules: { kafka: { unavailable: `no broker answers at 127.0.0.1:1, 127.0.0.1:${port}` } },
    });
  });
});
