import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Kafka, logLevel, type SASLOptions } from "kafkajs";
import { describe, expect, it, onTestFinished } from "vitest";
import { ErrorCode } from "../../../src/server/kafka/broker/protocol/errors.ts";
import { createTopics } from "../../../src/server/kafka/broker/protocol/messages/create-topics.ts";
import { metadata } from "../../../src/server/kafka/broker/protocol/messages/metadata.ts";
import { produce } from "../../../src/server/kafka/broker/protocol/messages/produce.ts";
import { saslAuthenticate } from "../../../src/server/kafka/broker/protocol/messages/sasl-authenticate.ts";
import { saslHandshake } from "../../../src/server/kafka/broker/protocol/messages/sasl-handshake.ts";
import { loadTls } from "../../../src/server/start/tls.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { encodeRequest } from "../../helpers/kafka-messages.ts";
import { type KafkaServer, startKafkaServer } from "../../helpers/kafka-server.ts";
import type { WireClient } from "../../helpers/kafka-wire.ts";
import { recordBatch } from "../../helpers/record-batch.ts";
import { runProgram } from "../../helpers/run-program.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const PASSWORD = "correct horse";
const WRONG = "battery staple";
const MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;
type Mechanism = (typeof MECHANISMS)[number];

interface As {
  mechanism?: Mechanism;
  user?: string;
  password?: string;
  ca?: string;
  /** Seconds, for which it tries again what is refused. */
  patience?: number;
  /** Words of a refusal that are enough. */
  until?: string;
}

const kcat = ({ address }: KafkaServer, args: string[], as: As = {}, input = "") => {
  const { mechanism = "PLAIN", user = "ann", password = PASSWORD, ca } = as;
  const config = {
    "security.protocol": ca === undefined ? "SASL_PLAINTEXT" : "SASL_SSL",
    "sasl.mechanism": mechanism,
    "sasl.username": user,
    "sasl.password": password,
    ...(ca === undefined ? {} : { "ssl.ca.location": ca }),
  };
  const settings = Object.entries(config).flatMap(([key, value]) => ["-X", `${key}=${value}`]);
  const words = ["-b", address, "-m", `${as.patience ?? 15}`, ...settings, ...args];
  return runProgram("kcat", words, input, as.until);
};

const FROM_START = ["-C", "-t", "words", "-o", "beginning", "-e", "-q"];

const plain = (user: string, password: string) => Buffer.from(`\0${user}\0${password}`);

/** Signs in by PLAIN; what the broker answers. */
async function signIn(client: WireClient, user: string, password: string) {
  await client.call(saslHandshake, 1, { mechanism: "PLAIN" });
  return client.call(saslAuthenticate, 2, { authBytes: plain(user, password) });
}

async function connectAs(server: KafkaServer, user: string, password: string): Promise<WireClient> {
  const client = await server.connect();
  expect(await signIn(client, user, password)).toMatchObject({ errorCode: ErrorCode.NONE });
  return client;
}

const askForTopics = (client: WireClient, names: string[] | null) =>
  client.call(metadata, 5, {
    topics: names === null ? null : names.map((name) => ({ name })),
    allowAutoTopicCreation: true,
  });

const topicCodes = async (client: WireClient, names: string[]) => {
  const { topics } = await askForTopics(client, names);
  return (topics as { errorCode: number }[]).map(({ errorCode }) => errorCode);
};

const send = (client: WireClient, name: string, bytes: number) =>
  client.call(produce, 7, {
    transactionalId: null,
    acks: 1,
    timeoutMs: 1000,
    topicData: [{ name, partitionData: [{ index: 0, records: recordBatch({ bytes }) }] }],
  });

/** A server on which ann may work with topics. */
async function startWithAnn(settings: Parameters<typeof startKafkaServer>[0] = {}): Promise<KafkaServer> {
  const server = await startKafkaServer(settings);
  await server.addUser("ann", PASSWORD, ["read", "deploy"]);
  return server;
}

describeWith(["kcat"], "kcat", () => {
  it("signs in by PLAIN, by SCRAM and with a token", async () => {
    const server = await startWithAnn();
    const { token } = await server.addToken({ scopes: ["deploy"] });
    const sent = await kcat(server, ["-P", "-t", "words"], {}, "one\n");
    expect(sent).toMatchObject({ code: 0 });
    for (const as of [
      ...MECHANISMS.map((mechanism) => ({ mechanism })),
      { user: "whoever", password: token },
    ]) {
      expect(await kcat(server, FROM_START, as)).toMatchObject({ code: 0, stdout: "one\n" });
    }
  });

  it("is refused with a wrong name or password, without being told which, and without any", async () => {
    const server = await startWithAnn();
    for (const mechanism of MECHANISMS) {
      const until = `authentication by ${mechanism} failed: wrong name or password`;
      // It asks again until it gives up, which would soon be too often.
      for (const as of [{ password: WRONG }, { user: `nobody-${mechanism}` }]) {
        const refused = await kcat(server, ["-L"], { mechanism, until, ...as });
        expect(refused.code).not.toBe(0);
        expect(refused.stderr).toContain(until);
      }
    }
    const bare = await runProgram("kcat", ["-b", server.address, "-m", "2", "-L"]);
    expect(bare.code).not.toBe(0);
  });

  it("signs in inside TLS, and trusts no other certificate", async () => {
    const dataDir = await makeTempDir();
    const tls = await loadTls("self-signed", dataDir, "127.0.0.1");
    const server = await startWithAnn({ dataDir, tls });
    const ca = tls.caFile ?? "";
    for (const mechanism of MECHANISMS) {
      const sent = await kcat(server, ["-P", "-t", "words"], { ca, mechanism }, `${mechanism}\n`);
      expect(sent).toMatchObject({ code: 0 });
    }
    const got = await kcat(server, FROM_START, { ca });
    expect(got.stdout.split("\n")).toEqual([...MECHANISMS, ""]);
    const foreign = join(await makeTempDir(), "other");
    await mkdir(foreign);
    const other = await loadTls("self-signed", foreign, "127.0.0.1");
    const refused = [{ ca: other.caFile ?? "" }, {}].map((as) =>
      kcat(server, ["-L"], { ...as, patience: 5 }),
    );
    expect((await Promise.all(refused)).map(({ code }) => code)).toEqual([1, 1]);
  });
});

describe("kafkajs", () => {
  it("signs in by every mechanism, and is told what is wrong", async () => {
    const server = await startWithAnn();
    const clientOf = (mechanism: Mechanism, password: string) =>
      new Kafka({
        brokers: [server.address],
        logLevel: logLevel.NOTHING,
        retry: { retries: 0 },
        sasl: { mechanism: mechanism.toLowerCase(), username: "ann", password } as SASLOptions,
      });
    for (const mechanism of MECHANISMS) {
      const admin = clientOf(mechanism, PASSWORD).admin();
      onTestFinished(() => admin.disconnect());
      await admin.connect();
      expect(await admin.listTopics()).toEqual([]);
      await expect(clientOf(mechanism, WRONG).admin().connect()).rejects.toThrow(
        `authentication by ${mechanism} failed: wrong name or password`,
      );
    }
  });
});

describeWith(["python3-kafka", "python3-confluent-kafka"], "the Python clients", () => {
  it.each(["kafka-python", "confluent-kafka"])("sign in by every mechanism: %s", async (client) => {
    const server = await startWithAnn();
    const run = async (mechanism: Mechanism, password: string) => {
      const args = [join(import.meta.dirname, "sign-in.py"), client, server.address, mechanism, "ann"];
      const { stdout, stderr } = await runProgram("/usr/bin/python3", args, password);
      return `${stdout.trim()}${stderr}`;
    };
    const all = (password: string) => Promise.all(MECHANISMS.map((mechanism) => run(mechanism, password)));
    expect(await all(PASSWORD)).toEqual(["topics", "topics", "topics"]);
    expect(await all(WRONG)).toEqual(["refused", "refused", "refused"]);
  });
});

describe("a client that signs in", () => {
  it("may send bare tokens after version 0 of the handshake", async () => {
    const server = await startWithAnn();
    const client = await server.connect();
    await client.call(saslHandshake, 0, { mechanism: "PLAIN" });
    const token = plain("ann", PASSWORD);
    const frame = Buffer.alloc(4 + token.length);
    frame.writeInt32BE(token.length);
    token.copy(frame, 4);
    // What comes now is a bare token too, and no response that the test's client could read.
    client.socket.removeAllListeners("data");
    client.socket.write(frame);
    const [answer] = await once(client.socket, "data");
    expect(answer).toEqual(Buffer.alloc(4));
    client.socket.write(encodeRequest(metadata, 5, { topics: [], allowAutoTopicCreation: false }));
    const [response] = await once(client.socket, "data");
    expect(response.length).toBeGreaterThan(8);
  });

  it("is told which mechanisms there are when it asks for another", async () => {
    const server = await startKafkaServer();
    const client = await server.connect();
    expect(await client.call(saslHandshake, 1, { mechanism: "GSSAPI" })).toEqual({
      errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM,
      mechanisms: [...MECHANISMS],
    });
    await client.closed();
  });

  it("has no password that was set before SCRAM until it has been used once", async () => {
    // The administrator of the tests' servers is made without keys for SCRAM.
    const server = await startKafkaServer();
    const { password } = server.admin;
    const scram: SASLOptions = { mechanism: "scram-sha-256", username: "admin", password };
    const connect = async () => {
      const kafka = new Kafka({
        brokers: [server.address],
        logLevel: logLevel.NOTHING,
        retry: { retries: 0 },
        sasl: scram,
      });
      const admin = kafka.admin();
      onTestFinished(() => admin.disconnect());
      await admin.connect();
    };
    await expect(connect()).rejects.toThrow("wrong name or password");
    await connectAs(server, "admin", password);
    await connect();
  });

  it("has to wait after five wrong passwords, with the right one too, and is in the audit log", async () => {
    const server = await startWithAnn();
    for (let attempt = 0; attempt < 5; attempt++) {
      const client = await server.connect();
      expect(await signIn(client, "ann", WRONG)).toMatchObject({
        errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
      });
      await client.closed();
    }
    expect(await signIn(await server.connect(), "ann", PASSWORD)).toMatchObject({
      errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
      errorMessage: expect.stringMatching(/^too many failed logins; try again in \d+ s$/),
    });
    const { body } = await server.root("GET", "audit?action=authenticate");
    expect(body.items).toMatchObject([{ outcome: "denied", actor: "anonymous", ip: "127.0.0.1" }]);
  });

  it("cannot act for another user", async () => {
    const server = await startWithAnn();
    const client = await server.connect();
    await client.call(saslHandshake, 1, { mechanism: "PLAIN" });
    const authBytes = Buffer.from(`admin\0ann\0${PASSWORD}`);
    expect(await client.call(saslAuthenticate, 2, { authBytes })).toMatchObject({
      errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
      errorMessage: "nobody may act for another user",
    });
  });

  it("may sign in again as itself, as clients do before their token ends, but not as another", async () => {
    const server = await startWithAnn();
    await server.addUser("bob", PASSWORD, ["read"]);
    const client = await connectAs(server, "ann", PASSWORD);
    expect(await signIn(client, "ann", PASSWORD)).toMatchObject({ errorCode: ErrorCode.NONE });
    expect(await topicCodes(client, ["words"])).toEqual([ErrorCode.NONE]);
    expect(await signIn(client, "bob", PASSWORD)).toMatchObject({
      errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
    });
    await client.closed();
  });
});

describe("the connection of somebody who may no longer", () => {
  it.each([
    ["is disabled", { state: "disabled" }],
    ["gets another password", { password: "another password" }],
  ])("ends when the user %s", async (_what, change) => {
    const server = await startWithAnn();
    const client = await connectAs(server, "ann", PASSWORD);
    expect(await server.root("PATCH", "users/ann", change)).toMatchObject({ status: 200 });
    await client.closed();
    expect(await signIn(await server.connect(), "ann", PASSWORD)).toMatchObject({
      errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
    });
  });

  it("ends when the token is revoked, and leaves those of other tokens alone", async () => {
    const server = await startKafkaServer();
    const [first, second] = [
      await server.addToken({ scopes: ["deploy"] }),
      await server.addToken({ scopes: ["deploy"] }),
    ];
    const [gone, kept] = [
      await connectAs(server, "token", first.token),
      await connectAs(server, "token", second.token),
    ];
    await server.root("DELETE", `tokens/${first.id}`);
    await gone.closed();
    expect(await topicCodes(kept, ["words"])).toEqual([ErrorCode.NONE]);
  });

  it("ends with the token, of which the client is told in its last day", async () => {
    let ahead = 0;
    const server = await startKafkaServer({ now: () => new Date(Date.now() + ahead) });
    const { token } = await server.addToken({ scopes: ["read"], expiresInDays: 1 });
    const client = await server.connect();
    const { sessionLifetimeMs } = await signIn(client, "token", token);
    expect(sessionLifetimeMs).toBeGreaterThan(86_000_000);
    expect(sessionLifetimeMs).toBeLessThanOrEqual(86_400_000);
    ahead = 2 * 86_400_000;
    expect(await signIn(await server.connect(), "token", token)).toMatchObject({
      errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
    });
  });

  it("has fewer rights when its role is taken away", async () => {
    const server = await startWithAnn();
    const client = await connectAs(server, "ann", PASSWORD);
    expect(await topicCodes(client, ["words"])).toEqual([ErrorCode.NONE]);
    await server.root("DELETE", "users/ann/roles/role-of-ann");
    await expect.poll(() => topicCodes(client, ["words"])).toEqual([ErrorCode.TOPIC_AUTHORIZATION_FAILED]);
  });
});

describe("who is signed in", () => {
  it("sees topics with read, and works with them with deploy", async () => {
    const server = await startWithAnn();
    await server.addUser("bob", PASSWORD, ["read"]);
    const ann = await connectAs(server, "ann", PASSWORD);
    expect(await topicCodes(ann, ["words"])).toEqual([ErrorCode.NONE]);
    const bob = await connectAs(server, "bob", PASSWORD);
    expect(await topicCodes(bob, ["words", "new"])).toEqual([
      ErrorCode.NONE,
      ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    ]);
    const refused = (await send(bob, "words", 10)) as {
      responses: { partitionResponses: { errorCode: number }[] }[];
    };
    expect(refused.responses[0]?.partitionResponses[0]?.errorCode).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  });

  it("reaches the topics of certain names only, with a token for these", async () => {
    const server = await startWithAnn();
    const ann = await connectAs(server, "ann", PASSWORD);
    await topicCodes(ann, ["orders-in", "invoices"]);
    const { token } = await server.addToken({ scopes: ["deploy"], resources: ["plugin:orders-*"] });
    const client = await connectAs(server, "token", token);
    expect(await topicCodes(client, ["orders-in", "orders-new", "invoices"])).toEqual([
      ErrorCode.NONE,
      ErrorCode.NONE,
      ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    ]);
    const { topics } = await askForTopics(client, null);
    expect((topics as { name: string }[]).map(({ name }) => name).sort()).toEqual([
      "orders-in",
      "orders-new",
    ]);
  });

  it("is on record with the topics that it makes, and that it was not let make", async () => {
    const server = await startWithAnn();
    await server.addUser("bob", PASSWORD, ["read"]);
    const topic = { name: "words", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    for (const user of ["bob", "ann"]) {
      const client = await connectAs(server, user, PASSWORD);
      await client.call(createTopics, 5, { topics: [topic], timeoutMs: 1000, validateOnly: true });
      await client.call(createTopics, 5, { topics: [topic], timeoutMs: 1000, validateOnly: false });
    }
    const rows = async () => (await server.root("GET", "audit?action=kafka.topic.create")).body.items;
    await expect.poll(rows).toMatchObject([
      { actor: "ann", resource: "topic:words", outcome: "ok", ip: "127.0.0.1" },
      { actor: "bob", resource: "topic:words", outcome: "denied" },
    ]);
  });
});

describe("limits of the Kafka endpoint", () => {
  it("refuse more connections than an address may have, until one ends", async () => {
    const server = await startKafkaServer({ kafka: { maxConnectionsPerAddress: 2 } });
    const [first] = [await server.connect(), await server.connect()];
    const third = await server.connect();
    await third.closed();
    first?.socket.destroy();
    await first?.closed();
    await expect
      .poll(async () => {
        const next = await server.connect();
        return next.call(saslHandshake, 1, { mechanism: "PLAIN" }).then(
          () => "open",
          () => "closed",
        );
      })
      .toBe("open");
  });

  it("make a user wait who sends more than the quota, and count it", async () => {
    const server = await startWithAnn({ kafka: { quota: 10_000 } });
    const client = await connectAs(server, "ann", PASSWORD);
    await topicCodes(client, ["words"]);
    expect(await send(client, "words", 9_000)).toMatchObject({ throttleTimeMs: 0 });
    const { throttleTimeMs } = await send(client, "words", 10_000);
    expect(throttleTimeMs).toBeGreaterThan(500);
    const start = Date.now();
    await askForTopics(client, null);
    expect(Date.now() - start).toBeGreaterThan(Number(throttleTimeMs) - 100);
    const metrics = await server.frame.context.metrics.metrics();
    expect(metrics).toContain('plugctl_kafka_throttled_requests_total{kind="produce"} 1');
    expect(metrics).toContain('plugctl_kafka_authentications_total{mechanism="PLAIN",outcome="ok"} 1');
    expect(metrics).toContain("plugctl_kafka_topics 1");
    expect(metrics).toMatch(/plugctl_kafka_request_duration_seconds_count\{api="Produce"\} 2/);
  });
});
