import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeWith } from "../../helpers/debian-programs.ts";
import { type Cli, makeCli } from "../../helpers/run-cli.ts";
import { useBothBrokers } from "./both-brokers.ts";

const lines = (text: string) => text.split("\n").filter((line) => line !== "");
const json = (text: string) => JSON.parse(text);
const jsonLines = (text: string) => lines(text).map(json);
const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);

describeWith(["default-jre-headless", "maven"], "plugctl kafka", () => {
  const brokers = useBothBrokers();

  describe.each(["embedded", "apache"] as const)("on the %s broker", (which) => {
    let cli: Cli;
    let folder: string;
    let counter = 0;

    /** A command that must succeed. */
    async function must(words: string | readonly string[], stdin?: string): Promise<string> {
      const { code, stdout, stderr } = await cli(words, stdin === undefined ? {} : { stdin });
      if (code !== 0) throw new Error(`plugctl ${words} ended with ${code}: ${stderr}`);
      return stdout;
    }

    /** A topic of a test's own. */
    async function topic(partitions = 1, ...more: string[]): Promise<string> {
      counter += 1;
      const name = `topic-${counter}`;
      await must(["kafka", "topics", "create", name, "--partitions", `${partitions}`, ...more]);
      return name;
    }

    const read = async (name: string, ...more: string[]) =>
      jsonLines(
        await must(["kafka", "tail", name, "--from", "beginning", "--no-follow", "-o", "jsonl", ...more]),
      );

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
      cli = await makeCli(folder);
      const { host, port } = brokers[which];
      await must(`target add stream --kind kafka --brokers ${host}:${port}`);
    });

    afterAll(() => rm(folder, { recursive: true, force: true }));

    it("is reached, and says how many brokers it has", async () => {
      const health = json(await must("target test stream -o json"));
      expect(health).toMatchObject({ product: "kafka", login: null, brokers: 1 });
    });

    it("creates, lists, describes and deletes topics", async () => {
      const name = await topic(3, "--config", "retention.ms=3600000");
      const [listed] = json(await must("kafka topics list -o json")).filter(
        (row: { name: string }) => row.name === name,
      );
      expect(listed).toEqual({
        target: "stream",
        name,
        partitions: 3,
        replicationFactor: 1,
        internal: false,
      });
      await must(`kafka produce ${name} --partition 1`, "a\nb\n");
      const partitions = json(await must(`kafka topics describe ${name} -o json`));
      expect(partitions.map(({ messages }: { messages: number }) => messages)).toEqual([0, 2, 0]);
      expect(await cli(`kafka topics create ${name}`)).toMatchObject({ code: 5 });
      expect(json(await must(`kafka topics create ${name} --if-not-exists -o json`)).created).toBe(false);
      await must(`kafka topics delete ${name} --yes`);
      expect(await cli(`kafka topics delete ${name} --yes`)).toMatchObject({ code: 3 });
      await must(`kafka topics delete ${name} --yes --ignore-not-found`);
    });

    it("checks a topic without creating it", async () => {
      await must("kafka topics create never --dry-run");
      expect(await cli("kafka topics describe never")).toMatchObject({ code: 3 });
      expect(await cli(["kafka", "topics", "create", "no good", "--dry-run"])).toMatchObject({ code: 2 });
      expect(await cli("kafka topics create never --replication-factor 9 --dry-run")).toMatchObject({
        code: 2,
      });
    });

    it("changes single configurations and leaves the others as they are", async () => {
      const name = await topic(1, "--config", "retention.ms=3600000");
      await must(`kafka topics configs ${name} --set max.message.bytes=2000`);
      const configs = async () =>
        Object.fromEntries(
          json(await must(`kafka topics configs ${name} -o json`)).map(
            ({ name, value }: { name: string; value: string }) => [name, value],
          ),
        );
      expect(await configs()).toEqual({ "retention.ms": "3600000", "max.message.bytes": "2000" });
      await must(`kafka topics configs ${name} --set retention.ms=1 --dry-run`);
      await must(`kafka topics configs ${name} --unset retention.ms`);
      expect(await configs()).toEqual({ "max.message.bytes": "2000" });
      expect(await cli(`kafka topics configs ${name} --set retention.ms=soon`)).toMatchObject({ code: 2 });
      const unknown = await cli(`kafka topics configs ${name} --set retentoin.ms=1`);
      expect(unknown.code).toBe(2);
      expect(unknown.stderr).toContain('no configuration "retentoin.ms"');
    });

    it("writes lines and reads them in their order, with every codec", async () => {
      for (const codec of ["none", "gzip", "snappy", "lz4", "zstd"]) {
        const name = await topic();
        const written = json(
          await must(`kafka produce ${name} --compression ${codec} -o json`, numbers(5_000).join("\n")),
        );
        expect(written).toMatchObject({
          messages: 5_000,
          partitions: [{ firstOffset: 0, lastOffset: 4_999 }],
        });
        const values = (await read(name)).map(({ value }) => value);
        expect(values, codec).toEqual(numbers(5_000));
      }
    });

    it("gives back what it read: keys, headers, bytes that are no text, times, deletions", async () => {
      const name = await topic(3);
      const messages = [
        {
          key: "a",
          value: "ä\t☃",
          headers: { h: ["1", "2"], b: { hex: "ff00" } },
          timestamp: 1_700_000_000_000,
        },
        { key: "ff", keyFormat: "hex", value: "00fe", valueFormat: "hex", partition: 2 },
        { key: "a", value: null },
        { key: "n", value: { list: [1, 2.5, null], big: "9" } },
        { value: '{"id":12345678901234567890}' },
      ];
      await must(
        `kafka produce ${name} --json --keep-partitions`,
        messages.map((message) => JSON.stringify(message)).join("\n"),
      );
      const first = await read(name, "--value", "json");
      const copy = await topic(3);
      const text = first.map((message) => JSON.stringify(message)).join("\n");
      await must(`kafka produce ${copy} --json --keep-partitions`, text);
      const shown = ({ topic: _, offset: __, ...rest }: Record<string, unknown>) => rest;
      const sorted = (rows: Record<string, unknown>[]) =>
        rows
          .map(shown)
          .map((row) => JSON.stringify(row))
          .sort();
      expect(sorted(await read(copy, "--value", "json"))).toEqual(sorted(first));
      const byKey = new Map(first.map((row) => [row.key, row]));
      expect(first.find(({ key, value }) => key === "a" && value !== null)).toMatchObject({
        value: "ä\t☃",
        valueFormat: "text",
        headers: { h: ["1", "2"], b: { hex: "ff00" } },
        timestamp: "2023-11-14T22:13:20.000Z",
      });
      expect(byKey.get("ff")).toMatchObject({
        partition: 2,
        keyFormat: "hex",
        value: "00fe",
        valueFormat: "hex",
      });
      expect(byKey.get("n")).toMatchObject({
        value: { list: [1, 2.5, null], big: "9" },
        valueFormat: "json",
      });
      // A number that JSON in JavaScript would round stays as it was written.
      expect(byKey.get(null)).toMatchObject({ value: '{"id":12345678901234567890}', valueFormat: "text" });
    });

    it("puts the messages of a key into one partition", async () => {
      const name = await topic(4);
      const pairs = numbers(200).map((n) => `key-${Number(n) % 10}=${n}`);
      await must(`kafka produce ${name} --key-separator = --header source=test`, pairs.join("\n"));
      const messages = await read(name);
      expect(messages).toHaveLength(200);
      for (const [, own] of Map.groupBy(messages, ({ key }) => key)) {
        expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
        expect(own.map(({ value }) => Number(value))).toEqual(
          own.map(({ value }) => Number(value)).sort((a, b) => a - b),
        );
      }
      expect(messages[0]).toMatchObject({ headers: { source: "test" } });
    });

    it("begins at offsets, at times and before the end, and ends where it is told to", async () => {
      const name = await topic();
      await must(`kafka produce ${name}`, "a\nb\n");
      await sleep(20);
      const between = new Date().toISOString();
      await sleep(20);
      await must(`kafka produce ${name}`, "c\nd\n");
      const values = async (words: string) =>
        lines(await must(`kafka tail ${name} --no-follow --fields value ${words}`));
      expect(await values("--from 1")).toEqual(["b", "c", "d"]);
      expect(await values(`--from ${between}`)).toEqual(["c", "d"]);
      expect(await values("--from 1h")).toEqual(["a", "b", "c", "d"]);
      expect(await values("-n 1")).toEqual(["d"]);
      expect(await values("--from beginning --limit 2")).toEqual(["a", "b"]);
      expect(await values("--from end")).toEqual([]);
      const beyond = await cli(`kafka tail ${name} --from 5`);
      expect(beyond.code).toBe(2);
      expect(beyond.stderr).toContain("it has the offsets 0 to 4");
      expect(await cli(`kafka tail ${name} --partition 7`)).toMatchObject({ code: 3 });
    });

    it("follows several topics until it is interrupted, and ends at once then", async () => {
      const [one, two] = [await topic(), await topic()];
      const abort = new AbortController();
      let seen = "";
      let interrupted = 0;
      const tail = cli(`kafka tail ${one} ${two} --from beginning --fields topic,value`, {
        signal: abort.signal,
        onStdout: (text) => {
          seen += text;
          if (lines(seen).length < 2) return;
          interrupted = performance.now();
          abort.abort();
        },
      });
      await must(`kafka produce ${one}`, "first");
      await must(`kafka produce ${two}`, "second");
      expect((await tail).code).toBe(130);
      expect(performance.now() - interrupted).toBeLessThan(3_000);
      expect(lines(seen).sort()).toEqual([`${one}\tfirst`, `${two}\tsecond`]);
    });

    it("reads as a member of a group, leaves it when interrupted, and goes on where it was", async () => {
      const name = await topic(2);
      await must(
        `kafka produce ${name} --key-separator =`,
        numbers(100)
          .map((n) => `${n}=${n}`)
          .join("\n"),
      );
      const group = `group-of-${name}`;
      const first = await must(
        `kafka tail ${name} --group ${group} --from beginning --no-follow --fields value`,
      );
      expect(lines(first)).toHaveLength(100);
      await must(`kafka produce ${name}`, "new");
      const abort = new AbortController();
      const tail = cli(`kafka tail ${name} --group ${group} --fields value`, {
        signal: abort.signal,
        onStdout: async () => {
          const described = json(await must(`kafka groups describe ${group} --members -o json`));
          expect(described).toHaveLength(1);
          expect(described[0].partitions).toHaveLength(2);
          // What was shown is committed when the next is asked for.
          await sleep(500);
          abort.abort();
        },
      });
      expect(await tail).toMatchObject({ code: 130, stdout: "new\n" });
      const [left] = json(await must("kafka groups list -o json")).filter(
        (row: { name: string }) => row.name === group,
      );
      expect(left).toMatchObject({ state: "Empty", members: 0 });
      const offsets = json(await must(`kafka groups describe ${group} -o json`));
      expect(offsets.map(({ lag }: { lag: number }) => lag)).toEqual([0, 0]);
    });

    it("goes on in a group behind the last message that was shown", async () => {
      const name = await topic(2);
      await must(
        `kafka produce ${name} --key-separator =`,
        numbers(50)
          .map((n) => `${n}=${n}`)
          .join("\n"),
      );
      const seen: string[] = [];
      for (const limit of [20, 20, 20]) {
        const words = `kafka tail ${name} --group limits-${name} --from beginning --no-follow --fields value`;
        seen.push(...lines(await must(`${words} --limit ${limit}`)));
      }
      expect(seen.sort()).toEqual(numbers(50).sort());
    });

    it("moves groups to offsets and times, and deletes them", async () => {
      const name = await topic(2);
      await must(`kafka produce ${name} --partition 0`, "a\nb\nc");
      await must(`kafka produce ${name} --partition 1`, "d");
      const group = `group-of-${name}`;
      const reset = async (words: string) =>
        json(await must(`kafka groups reset ${group} ${words} --yes -o json`)).map(
          ({ partition, from, to }: Record<string, number>) => [partition, from, to],
        );
      expect(await cli(`kafka groups reset ${group} --to end --yes`)).toMatchObject({ code: 3 });
      expect(await reset(`--to end --topic ${name} --dry-run`)).toEqual([
        [0, null, 3],
        [1, null, 1],
      ]);
      expect(await cli(`kafka groups describe ${group}`)).toMatchObject({ code: 3 });
      expect(await reset(`--to end --topic ${name}`)).toEqual([
        [0, null, 3],
        [1, null, 1],
      ]);
      expect(await reset("--to 2")).toEqual([
        [0, 3, 2],
        [1, 1, 1],
      ]);
      expect(await reset(`--to beginning --topic ${name}/0`)).toEqual([[0, 2, 0]]);
      expect(await reset("--to 1h")).toEqual([
        [0, 0, 0],
        [1, 1, 0],
      ]);
      const offsets = json(await must(`kafka groups describe ${group} -o json`));
      expect(offsets.map(({ lag }: { lag: number }) => lag)).toEqual([3, 1]);
      await must(`kafka groups delete ${group} --yes`);
      expect(await cli(`kafka groups delete ${group} --yes`)).toMatchObject({ code: 3 });
    });

    it("does not touch a group that has members", async () => {
      const name = await topic();
      await must(`kafka produce ${name}`, "a");
      const group = `group-of-${name}`;
      const abort = new AbortController();
      const refusals: number[] = [];
      await cli(`kafka tail ${name} --group ${group} --from beginning`, {
        signal: abort.signal,
        onStdout: async () => {
          refusals.push((await cli(`kafka groups reset ${group} --to end --topic ${name} --yes`)).code);
          refusals.push((await cli(`kafka groups delete ${group} --yes`)).code);
          abort.abort();
        },
      });
      expect(refusals).toEqual([5, 5]);
    });

    it("says up to which line everything is written when a line is wrong or refused", async () => {
      const name = await topic(1, "--config", "max.message.bytes=1000");
      const wrong = await cli(`kafka produce ${name} --json -o json`, {
        stdin: '{"value":"a"}\n{"value":"b"}\nc\n',
      });
      expect(wrong.code).toBe(2);
      const { error } = json(lines(wrong.stderr).at(-1) ?? "");
      expect(error).toMatchObject({
        message: "line 3 is no JSON",
        details: { certain: 2, acknowledged: 2, taken: 2 },
      });
      expect(error.hint).toContain("lines 1 to 2 are written");
      expect((await read(name)).map(({ value }) => value)).toEqual(["a", "b"]);
      const large = await cli(`kafka produce ${name} -o json`, { stdin: "x".repeat(5_000) });
      expect(large.code).toBe(2);
      expect(json(lines(large.stderr).at(-1) ?? "").error.hint).toContain("no line is certainly written");
    });

    it("refuses a topic that is not there instead of making it", async () => {
      expect(await cli("kafka produce nowhere", { stdin: "a" })).toMatchObject({ code: 3 });
      expect(await cli("kafka tail nowhere")).toMatchObject({ code: 3 });
      expect(await cli("kafka topics configs nowhere")).toMatchObject({ code: 3 });
      expect(await must("kafka topics list -o name")).not.toContain("nowhere");
    });

    it("says what a Kafka target is for where somebody looks for plugins", async () => {
      const { code, stderr } = await cli("list -t stream");
      expect(code).toBe(6);
      expect(stderr).toContain("plugctl kafka");
    });
  });
});
