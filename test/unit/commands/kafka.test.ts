import { expect, it, vi } from "vitest";
import type { TailQuery } from "../../../src/core/kafka/messages.ts";
import { cliOver } from "../../helpers/fake-adapters.ts";

vi.mock("../../../src/adapters/index.ts", () => import("../../helpers/fake-adapters.ts"));

async function tailing() {
  const queries: TailQuery[] = [];
  const cli = await cliOver({
    messages: {
      async *tail(query) {
        queries.push(query);
        const [key, value] = [Buffer.from("k"), Buffer.from('{"a":\t1}\n')];
        const place = { topic: "t", partition: 0, offset: 7, timestamp: "2026-01-01T00:00:00.000Z" };
        yield { ...place, key, value, headers: [] };
      },
    },
  });
  const now = () => new Date("2026-01-02T00:00:00Z");
  return { queries, cli: (words: string) => cli(`${words} -t edge`, { now }) };
}

it("understands places in a topic", async () => {
  const { queries, cli } = await tailing();
  await cli("kafka tail t");
  await cli("kafka tail t --from beginning --no-follow");
  await cli("kafka tail t --from 15 --partition 1,2");
  await cli("kafka tail t --from 1h");
  await cli("kafka tail t -n 3");
  expect(queries).toMatchObject([
    { from: { at: "end" }, follow: true, topics: ["t"] },
    { from: { at: "beginning" }, follow: false },
    { from: { at: "offset", offset: 15 }, partitions: [1, 2] },
    { from: { at: "time", time: new Date("2026-01-01T23:00:00Z") } },
    { from: { at: "last", count: 3 } },
  ]);
});

it("prints a line a message for pipes, and JSON lines for programs", async () => {
  const { cli } = await tailing();
  expect((await cli("kafka tail t")).stdout).toBe('2026-01-01T00:00:00.000Z\t0\t7\tk\t{"a": 1} \n');
  expect((await cli("kafka tail t u --fields topic,offset")).stdout).toBe("t\t7\n");
  expect((await cli("kafka tail t -o name")).stdout).toBe("t/0/7\n");
  expect(JSON.parse((await cli("kafka tail t -o jsonl --value json --key hex")).stdout)).toEqual({
    topic: "t",
    partition: 0,
    offset: 7,
    timestamp: "2026-01-01T00:00:00.000Z",
    key: "6b",
    keyFormat: "hex",
    value: { a: 1 },
    valueFormat: "json",
    headers: {},
  });
});

it.each([
  ["kafka tail t --from soon", '--from: "soon" is no place in a topic'],
  ["kafka tail t --from 99999999999999999999", "larger than an offset can be"],
  ["kafka tail t --from 1 -n 1", "--from and --last exclude each other"],
  ["kafka tail t --group g --partition 1", "--group and --partition exclude each other"],
  ["kafka tail t --group g --from 5", "--from can only be beginning or end"],
  ["kafka tail t --partition x", '--partition: "x" must be the number of a partition'],
  ["kafka produce t --json --key-separator =", "--json and --key-separator exclude each other"],
  ["kafka produce t --value hex", "--value has no meaning without --json"],
  ["kafka produce t --keep-partitions", "--keep-partitions has no meaning without --json"],
  ["kafka produce t --json --keep-partitions --partition 1", "exclude each other"],
  ["kafka produce t --header a", '--header: "a" must be NAME=VALUE'],
  ["kafka produce t --compression rar", "--compression"],
  ["kafka topics create t --config a=1 --config a=2", '"a" is given twice'],
  ["kafka topics configs t --set a=1 --unset a", '"a" is both in --set and in --unset'],
  ["kafka topics configs t --dry-run", "--dry-run has no meaning"],
  ["kafka groups reset g --to end --topic a/b", '"a/b" must be a topic, or TOPIC/PARTITION'],
  ["kafka groups reset g", "--to"],
])("%s is a usage error", async (line, words) => {
  const { code, stderr } = await (await cliOver({ messages: {}, topics: {}, groups: {} }))(`${line} -t edge`);
  expect(code).toBe(2);
  expect(stderr).toContain(words);
});
