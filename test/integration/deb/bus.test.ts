import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { Outbox } from "../../../src/server/deb/events/outbox.ts";
import { EventPublisher } from "../../../src/server/deb/events/publisher.ts";
import { type DebDatabase, type DebTables, debMigrations } from "../../../src/server/deb/tables.ts";
import { TaskJournal } from "../../../src/server/deb/tasks/journal.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useRabbitMq } from "../../helpers/rabbitmq.ts";
import { makeServerContext } from "../../helpers/server-context.ts";

const ORIGIN = "6b6e8a52-55a2-4f35-8a9a-5a1c6ad9a9bb";

async function makeJournal() {
  const start = () => Promise.reject(new Error("only its tables are wanted"));
  const module = { name: "deb", migrations: debMigrations, start };
  const { database } = await makeServerContext({ modules: [module] });
  const db: DebDatabase = database.$extendTables<DebTables>();
  const outbox = new Outbox(db);
  const journal = new TaskJournal({ db, outbox, originUuid: ORIGIN, now: () => new Date() });
  const task = (id: string) => ({
    id,
    action: "install" as const,
    parentId: null,
    actor: "admin",
    request: {},
    plugin: null,
    startedAt: new Date().toISOString(),
  });
  return { outbox, journal, task };
}

function publish(url: string, outbox: Outbox) {
  const publisher = new EventPublisher(url, outbox, pino({ level: "silent" }));
  onTestFinished(() => publisher.close());
  return publisher;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await condition()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error("it did not happen in time");
  }
}

describeWith(["rabbitmq-server"], "events on RabbitMQ", () => {
  const rabbit = useRabbitMq();

  test("each status is a message of wazo's form, in the task's order", async () => {
    const { outbox, journal, task } = await makeJournal();
    const { messages } = await rabbit.listen();
    publish(rabbit.url, outbox);
    const one = task(crypto.randomUUID());
    await journal.begin(one);
    await journal.enter(one, "downloading");
    await journal.enter(one, "installing dependencies");
    const errors = {
      error_id: "install-error",
      message: "Installation error",
      resource: "plugins",
      details: {},
    };
    const error = { code: "INVALID", message: "the build failed" };
    await journal.end(one, { status: "error", error, errors, log: "make: oops" });
    await until(() => messages.length === 4);

    expect(messages.map((message) => message.routingKey)).toEqual([
      `plugin.install.${one.id}.starting`,
      `plugin.install.${one.id}.downloading`,
      `plugin.install.${one.id}.installing dependencies`,
      `plugin.install.${one.id}.error`,
    ]);
    const last = messages[3];
    expect(last).toMatchObject({
      exchange: "wazo-headers",
      contentType: "application/json",
      contentEncoding: "utf-8",
      durable: true,
      priority: 0,
      headers: {
        name: "plugin_install_progress",
        required_access: "event.plugin_install_progress",
        required_acl: `events.plugin.install.${one.id}.error`,
        origin_uuid: ORIGIN,
      },
      body: {
        name: "plugin_install_progress",
        origin_uuid: ORIGIN,
        data: { uuid: one.id, status: "error", errors, reason: "the build failed", log: "make: oops" },
      },
    });
    expect(last?.headers?.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
    expect(await outbox.count()).toBe(0);
  });

  test("a client that binds its queue a moment after its request misses nothing", async () => {
    const { outbox, journal, task } = await makeJournal();
    publish(rabbit.url, outbox);
    await rabbit.listen();
    const one = task(crypto.randomUUID());
    await journal.begin(one);
    await journal.end(one, { status: "completed", result: {} });
    const late = rabbit.listen();
    const { messages } = await late;
    await until(() => messages.some((message) => message.body.data.status === "completed"));
    expect(messages.map((message) => message.body.data.uuid)).toContain(one.id);
  });

  test("the last message comes no earlier than 250 ms after the task began", async () => {
    const { outbox, journal, task } = await makeJournal();
    const { messages } = await rabbit.listen();
    publish(rabbit.url, outbox);
    const one = task(crypto.randomUUID());
    const began = Date.now();
    await journal.begin(one);
    await journal.end(one, { status: "completed", result: {} });
    await until(() => messages.length === 2);
    expect(Date.now() - began).toBeGreaterThanOrEqual(250);
  });

  test("what happens while the broker is away is sent when it is back, once it is confirmed and in order", async () => {
    const { outbox, journal, task } = await makeJournal();
    const { messages } = await rabbit.listen();
    const publisher = publish(rabbit.url, outbox);
    const one = task(crypto.randomUUID());
    await journal.begin(one);
    await until(() => messages.length === 1);
    await rabbit.stop();
    for (const status of ["downloading", "extracting", "validating"] as const)
      await journal.enter(one, status);
    await until(() => publisher.failure !== undefined);
    expect(await outbox.count()).toBe(3);
    await rabbit.start();
    await until(async () => (await outbox.count()) === 0);
    await until(() => messages.length >= 4);
    const statuses = messages.map((message) => message.body.data.status);
    // At least once: what was sent but not confirmed comes again.
    expect([...new Set(statuses)]).toEqual(["starting", "downloading", "extracting", "validating"]);
    expect(publisher.failure).toBeUndefined();
  }, 90_000);

  test("a publisher that starts anew goes on with what the one before it has not sent", async () => {
    const { outbox, journal, task } = await makeJournal();
    const one = task(crypto.randomUUID());
    await journal.begin(one);
    await journal.enter(one, "downloading");
    const { messages } = await rabbit.listen();
    publish(rabbit.url, outbox);
    await until(() => messages.length === 2);
    expect(messages.map((message) => message.body.data.status)).toEqual(["starting", "downloading"]);
  });
});
