import { describe, expect, it } from "vitest";
import { TOPIC_CONFIG_KEYS } from "../../../../../src/server/kafka/broker/meta/topic-config.ts";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { alterConfigs } from "../../../../../src/server/kafka/broker/protocol/messages/alter-configs.ts";
import { createTopics } from "../../../../../src/server/kafka/broker/protocol/messages/create-topics.ts";
import { describeConfigs } from "../../../../../src/server/kafka/broker/protocol/messages/describe-configs.ts";
import { incrementalAlterConfigs } from "../../../../../src/server/kafka/broker/protocol/messages/incremental-alter-configs.ts";
import { type Answered, allBut, startTestBroker, type TestBroker, versions } from "./broker.ts";

const TOPIC = 2;
const BROKER = 4;
const LOGGER = 8;
const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

async function start(options: Parameters<typeof startTestBroker>[0] = {}) {
  const broker = await startTestBroker({
    defaults: { topicConfigs: { "segment.ms": "1000" } },
    ...options,
  });
  const configs = [{ name: "retention.ms", value: "5" }];
  const topic = { name: "a", numPartitions: 1, replicationFactor: 1, assignments: [], configs };
  await broker.call(createTopics, { topics: [topic], timeoutMs: 1, validateOnly: false });
  return broker;
}

const ask = (resourceType: number, resourceName: string, configurationKeys: string[] | null = null) => ({
  resources: [{ resourceType, resourceName, configurationKeys }],
  includeSynonyms: true,
  includeDocumentation: true,
});

/** What is set for the topic, by name. */
async function overrides({ call }: TestBroker): Promise<Record<string, string>> {
  const { results } = await call(describeConfigs, ask(TOPIC, "a"));
  const own = results[0].configs.filter(({ configSource }: Answered) => configSource === 1);
  return Object.fromEntries(own.map(({ name, value }: Answered) => [name, value]));
}

describe("DescribeConfigs", () => {
  it.each(versions(describeConfigs))(
    "shows every setting of a topic and its source in version %i",
    async (version) => {
      const { call } = await start();
      const { results } = await call(describeConfigs, ask(TOPIC, "a"), version);
      const [{ errorCode, configs }] = results;
      expect(errorCode).toBe(0);
      expect(configs.map(({ name }: Answered) => name)).toEqual(TOPIC_CONFIG_KEYS.map(({ name }) => name));
      const named = (name: string) => configs.find((one: Answered) => one.name === name);
      expect(named("retention.ms").value).toBe("5");
      expect(named("segment.ms").value).toBe("1000");
      if (version === 0) {
        expect([named("retention.ms").isDefault, named("flush.ms").isDefault]).toEqual([false, true]);
        return;
      }
      expect(named("retention.ms").synonyms.map(({ value, source }: Answered) => [value, source])).toEqual([
        ["5", 1],
        ["604800000", 5],
      ]);
      expect([named("segment.ms").configSource, named("flush.ms").configSource]).toEqual([4, 5]);
      if (version < 3) return;
      expect(named("segment.ms")).toMatchObject({
        configType: 5,
        documentation: expect.stringMatching(/\w/),
      });
    },
  );

  it("shows the settings that are asked for, and leaves out what is not", async () => {
    const { call } = await start();
    const request = {
      ...ask(TOPIC, "a", ["flush.ms", "none"]),
      includeSynonyms: false,
      includeDocumentation: false,
    };
    const { configs } = (await call(describeConfigs, request)).results[0];
    expect(configs).toHaveLength(1);
    expect(configs[0]).toMatchObject({ name: "flush.ms", synonyms: [], documentation: null });
  });

  it("shows the broker's settings, which cannot be changed", async () => {
    const { call } = await start();
    const { configs } = (await call(describeConfigs, ask(BROKER, "1"))).results[0];
    expect(configs.find(({ name }: Answered) => name === "num.partitions")).toMatchObject({
      value: "1",
      readOnly: true,
      configSource: 4,
    });
    expect((await call(describeConfigs, ask(BROKER, ""))).results[0]).toMatchObject({
      errorCode: 0,
      configs: [],
    });
  });

  it.each([
    [TOPIC, "none", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    [TOPIC, "a/b", ErrorCode.INVALID_TOPIC_EXCEPTION],
    [BROKER, "2", ErrorCode.INVALID_REQUEST],
    [LOGGER, "1", ErrorCode.INVALID_REQUEST],
    [99, "1", ErrorCode.INVALID_REQUEST],
  ])("refuses the resource %i %s", async (type, name, code) => {
    const { call } = await start();
    const [result] = (await call(describeConfigs, ask(type, name))).results;
    expect(result).toMatchObject({ errorCode: code, resourceType: type, resourceName: name, configs: [] });
    expect(result.errorMessage).toMatch(/\w/);
  });
});

describe("AlterConfigs", () => {
  const change = (configs: Record<string, string | null>, resourceName = "a", validateOnly = false) => ({
    resources: [
      {
        resourceType: TOPIC,
        resourceName,
        configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
      },
    ],
    validateOnly,
  });

  it.each(versions(alterConfigs))("replaces all that is set for a topic in version %i", async (version) => {
    const broker = await start();
    const { responses } = await broker.call(alterConfigs, change({ "segment.bytes": "2000000" }), version);
    expect(responses[0]).toMatchObject({ errorCode: 0, resourceName: "a" });
    expect(await overrides(broker)).toEqual({ "segment.bytes": "2000000" });
  });

  it.each([
    ["an unknown setting", change({ none: "1" }), ErrorCode.INVALID_CONFIG],
    ["a value that cannot be", change({ "retention.ms": "soon" }), ErrorCode.INVALID_CONFIG],
    ["no value", change({ "retention.ms": null }), ErrorCode.INVALID_REQUEST],
    ["an unknown topic", change({}, "none"), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ["what is to be validated only", change({}, "a", true), ErrorCode.NONE],
  ])("changes nothing for %s", async (_, request, code) => {
    const broker = await start();
    expect((await broker.call(alterConfigs, request)).responses[0].errorCode).toBe(code);
    expect(await overrides(broker)).toEqual({ "retention.ms": "5" });
  });

  it("refuses a topic that is there twice, and the broker", async () => {
    const broker = await start();
    const [resource] = change({}).resources as [Answered];
    const resources = [resource, resource, { ...resource, resourceType: BROKER, resourceName: "1" }];
    const { responses } = await broker.call(alterConfigs, { resources, validateOnly: false });
    expect(responses.map(({ errorCode }: Answered) => errorCode)).toEqual([
      42,
      42,
      ErrorCode.INVALID_REQUEST,
    ]);
    expect(await overrides(broker)).toEqual({ "retention.ms": "5" });
  });
});

describe("IncrementalAlterConfigs", () => {
  const steps = (...configs: [string, number, string | null][]) => ({
    resources: [
      {
        resourceType: TOPIC,
        resourceName: "a",
        configs: configs.map(([name, configOperation, value]) => ({
          name,
          configOperation: configOperation,
          value,
        })),
      },
    ],
    validateOnly: false,
  });

  it.each(versions(incrementalAlterConfigs))("changes single settings in version %i", async (version) => {
    const broker = await start();
    const request = steps(["segment.bytes", SET, "2000000"], ["cleanup.policy", APPEND, "compact"]);
    expect((await broker.call(incrementalAlterConfigs, request, version)).responses[0].errorCode).toBe(0);
    expect(await overrides(broker)).toEqual({
      "retention.ms": "5",
      "segment.bytes": "2000000",
      "cleanup.policy": "delete,compact",
    });
    const back = steps(["retention.ms", DELETE, null], ["cleanup.policy", SUBTRACT, "delete"]);
    await broker.call(incrementalAlterConfigs, back, version);
    expect(await overrides(broker)).toEqual({ "segment.bytes": "2000000", "cleanup.policy": "compact" });
  });

  it.each([
    ["an unknown setting", steps(["none", DELETE, null]), ErrorCode.INVALID_CONFIG],
    ["adding to what is no list", steps(["retention.ms", APPEND, "1"]), ErrorCode.INVALID_CONFIG],
    ["taking all of a list", steps(["cleanup.policy", SUBTRACT, "delete"]), ErrorCode.INVALID_CONFIG],
    ["setting nothing", steps(["retention.ms", SET, null]), ErrorCode.INVALID_REQUEST],
    ["an unknown operation", steps(["retention.ms", 9, "1"]), ErrorCode.INVALID_REQUEST],
    [
      "one good and one bad step",
      steps(["segment.bytes", SET, "2000000"], ["retention.ms", SET, "x"]),
      ErrorCode.INVALID_CONFIG,
    ],
  ])("changes nothing for %s", async (_, request, code) => {
    const broker = await start();
    expect((await broker.call(incrementalAlterConfigs, request)).responses[0].errorCode).toBe(code);
    expect(await overrides(broker)).toEqual({ "retention.ms": "5" });
  });
});

describe("settings that a principal may not see or change", () => {
  it("are refused", async () => {
    const cluster = "cluster kafka-cluster";
    const { call } = await start(
      allBut(
        "describeConfigs topic a",
        "alterConfigs topic a",
        `describeConfigs ${cluster}`,
        `alterConfigs ${cluster}`,
      ),
    );
    const code = async (api: Parameters<typeof call>[0], request: Answered) => {
      const { results, responses } = await call(api, request);
      return (results ?? responses)[0].errorCode;
    };
    const altered = (resourceType: number, resourceName: string) => ({
      resources: [{ resourceType, resourceName, configs: [] }],
      validateOnly: false,
    });
    expect(await code(describeConfigs, ask(TOPIC, "a"))).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    expect(await code(describeConfigs, ask(BROKER, "1"))).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    expect(await code(alterConfigs, altered(TOPIC, "a"))).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    expect(await code(incrementalAlterConfigs, altered(BROKER, "1"))).toBe(
      ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    );
  });
});
