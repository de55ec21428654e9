import { type Connection as Broker, Connection as BrokerConnection } from "rabbitmq-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDebTarget } from "../../helpers/deb-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { type FakePlugin, type FakePlugindOptions, fakePlugind, TOKEN } from "../../helpers/fake-plugind.ts";
import { useRabbitMq } from "../../helpers/rabbitmq.ts";
import { describeWazoPlugind } from "./wazo-plugind.ts";

const base: FakePlugin = { namespace: "official", name: "base", version: "1.0.0" };

/** What a wazo-plugind publishes (wazo-plugind spec, section 5.4). */
const message = (uuid: string, kind: "install" | "uninstall", status: string, errors?: object) => {
  const name = `plugin_${kind}_progress`;
  return {
    envelope: {
      ...{ exchange: "wazo-headers", routingKey: `plugin.${kind}.${uuid}.${status}`, durable: true },
      ...{ contentType: "application/json", contentEncoding: "utf-8" },
      headers: {
        name,
        required_access: `event.${name}`,
        origin_uuid: "o",
        timestamp: "2026-01-01T00:00:00.000000",
      },
    },
    body: Buffer.from(
      JSON.stringify({ name, data: { uuid, status, ...(errors === undefined ? {} : { errors }) } }),
    ),
  };
};

describeWith(["rabbitmq-server"], "a wazo-plugind with its message bus", () => {
  const rabbitmq = useRabbitMq();

  async function setUp(
    statuses: readonly string[],
    options: FakePlugindOptions & { errors?: object; kind?: "install" | "uninstall" } = {},
  ) {
    const broker: Broker = new BrokerConnection(rabbitmq.url);
    const publisher = broker.createPublisher({
      confirm: true,
      exchanges: [{ exchange: "wazo-headers", type: "headers", durable: true }],
    });
    onTestFinished(async () => {
      await publisher.close();
      await broker.close();
    });
    const { errors, kind = "install" } = options;
    const send = async (uuid: string, status: string) => {
      const { envelope, body } = message(uuid, kind, status, status === "error" ? errors : undefined);
      await publisher.send(envelope, body);
    };
    let sending = Promise.resolve();
    const service = await fakePlugind({
      ...options,
      onTask: (uuid, status) => {
        sending = sending.then(async () => {
          if (status !== "starting") return send(uuid, status);
          // Of another task, which is nobody's business here.
          await send(crypto.randomUUID(), "error");
          for (const one of statuses) await send(uuid, one);
        });
      },
    });
    const { port } = new URL(rabbitmq.url);
    const amqp = `amqp://guest@127.0.0.1:${port}`;
    const target = await openDebTarget({ url: service.url, token: TOKEN, deb: { amqp } });
    return { ...service, ...target };
  }

  const thrown = (promise: Promise<unknown>) =>
    promise.then(
      () => expect.fail("it succeeded"),
      (error) => error,
    );

  it("is followed status by status from the first one on", async () => {
    const statuses = ["starting", "downloading", "installing dependencies", "installing"];
    const { install, steps } = await setUp(statuses, { repositories: { "https://git/base": base } });
    expect(await install({ type: "git", url: "https://git/base" })).toMatchObject({
      ...{ name: "official/base", version: "1.0.0", previousVersion: null, changed: true, warnings: [] },
    });
    expect(steps.map(({ phase }) => phase)).toEqual([...statuses, "completed"]);
    expect(steps[2]?.message).toBe("installing dependencies (https://git/base)");
  });

  it("that has nothing to do says so", async () => {
    const { install } = await setUp(["starting"], {
      plugins: [base],
      repositories: { "https://git/base": base },
    });
    expect(await install({ type: "git", url: "https://git/base" })).toMatchObject({ changed: false });
  });

  it.each([
    [
      { error_id: "install-error", message: "Installation error", details: { step: "building" } },
      { code: "BACKEND", message: "https://git/bad: installation error: while building" },
    ],
    [
      { error_id: "updating-error", message: "Updating Error", details: { install_options: { url: "u" } } },
      { code: "BACKEND", message: "https://git/bad: updating error: while updating" },
    ],
    [
      {
        ...{ error_id: "validation-error", message: "Validation error" },
        details: { name: { message: "String does not match expected pattern.", constraint_id: "regex" } },
      },
      {
        code: "INVALID",
        message: "https://git/bad: validation error: name: String does not match expected pattern.",
      },
    ],
  ])("tells why a task failed (%j)", async (errors, expected) => {
    const { install } = await setUp(["starting"], { repositories: { "https://git/bad": null }, errors });
    expect(await thrown(install({ type: "git", url: "https://git/bad" }))).toMatchObject(expected);
  });

  it("is followed in removals as well", async () => {
    const { on } = await setUp(["starting", "removing"], { plugins: [base], kind: "uninstall" });
    const phases: string[] = [];
    const request = { name: "official/base", purge: false, dryRun: false };
    expect(await on("removal").remove(request, ({ phase }) => phases.push(phase))).toEqual([
      { name: "official/base", version: "1.0.0", state: "removed" },
    ]);
    expect(phases).toEqual(["starting", "removing", "completed"]);
  });

  describe("that cannot be reached", () => {
    it.each([
      ["amqp://guest@127.0.0.1:1", /no connection to the message bus at 127\.0\.0\.1:1/],
      ["", /no connection to the message bus at 127\.0\.0\.1:/],
    ])("begins nothing (%s)", async (url, words) => {
      const service = await fakePlugind({ repositories: { "https://git/base": base } });
      const { port } = new URL(rabbitmq.url);
      const amqp = url || `amqp://guest@127.0.0.1:${port}`;
      const env = { PLUGCTL_AMQP_PASSWORD: "not that one" };
      const { install } = await openDebTarget({ url: service.url, token: TOKEN, deb: { amqp }, env });
      const error = await thrown(install({ type: "git", url: "https://git/base" }));
      expect(error).toMatchObject({ code: "UNAVAILABLE", message: expect.stringMatching(words) });
      expect(error.message).not.toContain("not that one");
      expect(service.asked.filter(({ method }) => method === "POST")).toEqual([]);
    });
  });
});

if (process.env.WAZO_PLUGIND !== undefined) {
  describe("the built plugctl on a wazo-plugind as it is", { timeout: 120_000 }, describeWazoPlugind);
}
