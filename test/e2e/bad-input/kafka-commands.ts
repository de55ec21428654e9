import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BadCommand } from "./rows.ts";

const only = (target: string) => ({ "config.yaml": `targets: {s: {kind: kafka, ${target}}}` });

/** Command lines about Kafka that must fail; the server's own broker has no topics. */
export const KAFKA_COMMANDS: readonly BadCommand[] = [
  {
    what: "an unknown noun of kafka",
    run: "kafka topic list",
    exit: 2,
    says: ["unknown command 'topic'", "topics"],
  },
  {
    what: "a Kafka target without brokers",
    run: "target add x --kind kafka",
    exit: 2,
    says: ["--brokers or --url"],
  },
  {
    what: "a broker without a port",
    run: "target add x --kind kafka --brokers k1:9092,k2",
    exit: 2,
    says: ["--brokers", '"k2" must be HOST:PORT'],
  },
  {
    what: "a broker with a port that cannot be",
    run: "target add x --kind kafka --url kafka://k1:99999",
    exit: 2,
    says: ["--url", "must be a URL"],
  },
  {
    what: "a way of signing in that there is not",
    run: "target add x --kind kafka --brokers k1:9092 --sasl gssapi",
    exit: 2,
    says: ["--sasl", "plain, scram-sha-256, scram-sha-512"],
  },
  {
    what: "brokers for a target that is none of Kafka",
    run: "target add x --kind store --url http://x --brokers k1:9092",
    exit: 2,
    says: ["--brokers is for targets of kind kafka"],
  },
  {
    what: "a project that says where Kafka's credentials are sent",
    run: "kafka topics list -t s",
    files: {
      ".plugctlrc.yaml":
        "targets: {s: {kind: kafka, url: 'http://127.0.0.1:1', kafka: {brokers: ['evil:9092'], sasl: plain}}}",
    },
    exit: 2,
    says: [".plugctlrc.yaml", "a project file may not say where credentials are sent"],
  },
  {
    what: "a Kafka target that names no broker",
    run: "kafka topics list",
    config: only("url: 'http://127.0.0.1:1'"),
    exit: 2,
    says: ['target "s" names no broker', "--brokers"],
  },
  {
    what: "brokers that nobody is at",
    run: "kafka topics list",
    config: only("url: 'kafka://127.0.0.1:1'"),
    exit: 7,
    says: ["cannot reach s at 127.0.0.1:1", "ECONNREFUSED"],
  },
  {
    what: "a web server where a broker should be",
    run: () => ["kafka", "topics", "list", "-t", "web", "--timeout", "10s"],
    prepare: async ({ server }, folder) => {
      const config = `targets: {web: {kind: kafka, url: 'kafka://${new URL(server.http).host}'}}`;
      await writeFile(join(folder, ".plugctlrc.yaml"), config);
    },
    exit: 7,
    says: ["cannot reach web"],
  },
  {
    what: "a sign-in that is needed and was not made",
    run: "kafka topics list",
    config: only("url: 'kafka://127.0.0.1:1', kafka: {sasl: plain}"),
    exit: 4,
    says: ["you are not signed in to s", "plugctl login -t s"],
  },
  {
    what: "a sign-in where nobody asks for one",
    run: "login -u ada --password-stdin",
    stdin: "secret",
    config: only("url: 'kafka://127.0.0.1:1'"),
    exit: 2,
    says: ["does not say how clients sign in", "--sasl"],
  },
  {
    what: "a token that Kafka refuses",
    run: "kafka topics list",
    env: { PLUGCTL_TOKEN: "nonsense" },
    exit: 4,
    says: ["local-kafka refuses the user or the password"],
  },
  {
    what: "plugins of a Kafka target",
    run: "list -t local-kafka",
    exit: 6,
    says: ["plugctl kafka --help"],
  },
  {
    what: "topics of a store",
    run: "kafka topics list -t local-store",
    exit: 6,
    says: ["(store) has no topics", "targets of kind kafka have it"],
  },
  {
    what: "a topic that is not there",
    run: "kafka topics describe nowhere",
    exit: 3,
    says: ['"nowhere"', "topics list"],
  },
  {
    what: "a name that no topic can have",
    run: "kafka topics create a/b",
    exit: 2,
    says: ['"a/b" is no name'],
  },
  {
    what: "more replicas than brokers",
    run: "kafka topics create a --replication-factor 3",
    exit: 2,
    says: ["replication factor"],
  },
  {
    what: "no partitions",
    run: "kafka topics create a --partitions 0",
    exit: 2,
    says: ["--partitions", "from 1 to"],
  },
  {
    what: "a configuration that topics do not have",
    run: "kafka topics create a --config colour=red",
    exit: 2,
    says: ["refuses it"],
  },
  { what: "a deletion that nobody confirms", run: "kafka topics delete a", exit: 2, says: ["--yes"] },
  {
    what: "a group that is not there",
    run: "kafka groups describe nobody",
    exit: 3,
    says: ['"nobody"', "groups list"],
  },
  {
    what: "a reset to nowhere",
    run: "kafka groups reset g --to tomorrow",
    exit: 2,
    says: ['"tomorrow" is no place in a topic', "1h, 7d"],
  },
  { what: "a topic to read that is not there", run: "kafka tail nowhere", exit: 3, says: ['"nowhere"'] },
  {
    what: "a topic to write that is not there",
    run: "kafka produce nowhere",
    stdin: "a\n",
    exit: 3,
    says: ['"nowhere"'],
  },
  {
    what: "an acknowledgement by nobody known",
    run: "kafka produce a --acks most",
    exit: 2,
    says: ["--acks", "all, leader, none"],
  },
];
