import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Options } from "../../../src/commands/command.ts";
import type { serve } from "../../../src/commands/serve.meta.ts";
import { serverOptions } from "../../../src/commands/serve-options.ts";
import type { Host } from "../../../src/host.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

function optionsOf(given: Partial<Options<typeof serve>>, env: NodeJS.ProcessEnv = {}, cwd = "/srv") {
  const host = { cwd, env, version: "1.2.3", paths: { data: "/data" } } as Partial<Host> as Host;
  return serverOptions(given as Options<typeof serve>, host);
}

const kafkaOf = (given: Partial<Options<typeof serve>>) => optionsOf(given).modules?.kafka;

const debOf = (given: Partial<Options<typeof serve>>, env?: NodeJS.ProcessEnv, cwd?: string) =>
  optionsOf(given, env, cwd).modules?.deb;

describe("the options of serve", () => {
  it("are absolute paths and clean addresses", () => {
    expect(
      debOf({
        debRoot: "tree",
        debBuild: "network",
        debMarket: ["market.json", "https://market.example.com/v1/plugins"],
        wazoVersion: "26.02",
        wazoAuth: "https://pbx.example.com/api/auth/",
        amqp: "amqp://guest@127.0.0.1:5672",
      }),
    ).toEqual({
      root: "/srv/tree",
      isolation: "network",
      market: ["/srv/market.json", "https://market.example.com/v1/plugins"],
      wazoVersion: "26.02",
      authUrl: "https://pbx.example.com/api/auth",
      amqp: "amqp://guest@127.0.0.1:5672",
    });
  });

  it("say where the Kafka endpoint is, for its own machine and for others, and what a user may send", () => {
    expect(kafkaOf({ kafkaPort: 0, kafkaAdvertise: "kafka.example.com:19092", kafkaQuota: "1.5m" })).toEqual({
      port: 0,
      advertised: { host: "kafka.example.com", port: 19_092 },
      quota: 1_572_864,
    });
    expect(kafkaOf({ kafkaAdvertise: "[2001:db8::1]" })).toEqual({
      advertised: { host: "2001:db8::1", port: undefined },
    });
    expect(kafkaOf({ kafkaFsync: "interval", kafkaMaxConnections: 5 })).toEqual({
      fsync: "interval",
      maxConnections: 5,
    });
  });

  it("name the brokers of an Apache Kafka to be used instead", () => {
    const kafkaBrokers = ["kafka1.example.com:9092", "10.0.0.1:9093"];
    expect(kafkaOf({ kafkaBrokers })).toEqual({ brokers: kafkaBrokers });
  });

  it("name further ports", () => {
    expect(optionsOf({ extraPort: ["9503", "0"] }).extraPorts).toEqual([9503, 0]);
    expect(optionsOf({}).extraPorts).toBeUndefined();
  });

  it("take the broker's password from the environment or a file that only its owner reads", async () => {
    const amqp = "amqp://ann@127.0.0.1";
    expect(debOf({ amqp }, { PLUGCTL_AMQP_PASSWORD: "a/b c%" })?.amqp).toBe(
      "amqp://ann:a%2Fb%20c%25@127.0.0.1",
    );
    const cwd = await makeTempDir();
    await writeFile(join(cwd, "secret"), "from-file\n", { mode: 0o600 });
    const fromFile = () =>
      debOf({ amqp, amqpPasswordFile: "secret" }, { PLUGCTL_AMQP_PASSWORD: "x" }, cwd)?.amqp;
    expect(fromFile()).toBe("amqp://ann:from-file@127.0.0.1");
    await chmod(join(cwd, "secret"), 0o644);
    expect(fromFile).toThrow(expect.objectContaining({ code: "CONFIG" }));
  });

  it("refuse a password among the arguments, without repeating it", () => {
    const refusal = (() => {
      try {
        debOf({ amqp: "amqp://ann:hunter2@127.0.0.1" });
      } catch (error) {
        return error as Error & { hint: string };
      }
    })();
    expect(refusal).toMatchObject({ code: "USAGE", hint: expect.stringContaining("PLUGCTL_AMQP_PASSWORD") });
    expect(`${refusal?.message} ${refusal?.hint}`).not.toContain("hunter2");
  });

  it.each([
    ["a broker that is none", { amqp: "127.0.0.1:5672" }],
    ["another protocol than AMQP", { amqp: "http://127.0.0.1" }],
    ["a password file without a broker", { amqpPasswordFile: "secret" }],
    ["a market with a password", { debMarket: ["https://ann:pw@market.example.com"] }],
    ["a market by FTP", { debMarket: ["ftp://market.example.com/plugins"] }],
    ["an address of wazo-auth that is none", { wazoAuth: "pbx" }],
    ["an address of wazo-auth with a query", { wazoAuth: "https://pbx.example.com/?a=b" }],
    ["a version that is none", { wazoVersion: "newest" }],
    ["a port that is too high", { extraPort: ["70000"] }],
    ["a port that is a word", { extraPort: ["http"] }],
    ["a broker with a port that is too high", { kafkaBrokers: ["kafka:70000"] }],
    ["a broker with a scheme", { kafkaBrokers: ["kafka://kafka:9092"] }],
    ["a broker without a port", { kafkaBrokers: ["kafka:9092", "kafka2"] }],
    ["brokers with a setting of the own one", { kafkaBrokers: ["kafka:9092"], kafkaPort: 0 }],
    ["port 0 to connect to", { kafkaAdvertise: "kafka.example.com:0" }],
    ["a quota of nothing", { kafkaQuota: "0" }],
  ])("refuse %s", (_what, given) => {
    expect(() => optionsOf(given)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});
