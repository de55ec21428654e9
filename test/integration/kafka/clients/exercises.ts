import { expect } from "vitest";
import type { Endpoint } from "../../../../src/server/kafka/broker/protocol/registry.ts";
import type { ClientKind, Consumption, KafkaClient } from "./client.ts";
import { eventually } from "./eventually.ts";
import { Observer } from "./observer.ts";

/** A client at one broker, with names that nothing else uses there. */
export interface Trial {
  readonly kind: ClientKind;
  readonly client: KafkaClient;
  readonly observer: Observer;
  /** A name of a topic or group of this trial. */
  name(what: string): string;
}

export async function startTrial(kind: ClientKind, address: Endpoint): Promise<Trial & Disposable> {
  const [client, observer] = await Promise.all([
    kind.connect(`${address.host}:${address.port}`),
    Observer.connect(address),
  ]);
  const unique = crypto.randomUUID();
  return {
    kind,
    client,
    observer,
    name: (what) => `${what}-${unique}`,
    [Symbol.dispose]: () => observer[Symbol.dispose](),
  };
}

const PARTITIONS = 4;
/** Long enough that a codec is worth its while. */
const valuesOf = (label: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${label} ${index} ${"lorem ipsum ".repeat(20)}`);

const sorted = (values: Iterable<string>) => [...values].sort();

/** Something that a client does; on a broker that is right it does not fail. */
export interface Exercise {
  readonly title: string;
  /** Heading of its column in the table. */
  readonly column: string;
  run(trial: Trial): Promise<Result>;
}

export interface Result {
  readonly cell: string;
  /** What else has to be the same on every broker. */
  readonly details?: readonly string[];
}

const codecs: Exercise = {
  title: "produces with every codec, and reads what it produced",
  column: "codecs",
  async run({ kind, client, observer, name }) {
    const topic = name("codecs");
    await observer.createTopic(topic, 1);
    const produced = [];
    for (const codec of kind.codecs) {
      const values = valuesOf(codec, 50);
      await client.produce(topic, codec, values);
      produced.push(...values);
    }
    expect(await client.valuesSince(topic, 0, produced.length)).toEqual(produced);
    const found = await observer.codecs(topic);
    expect(found).toEqual(kind.codecs);
    return { cell: found.join(", ") };
  },
};

const group: Exercise = {
  title: "shares a topic with a second member, takes over from it, and resumes",
  column: "group of two, take-over, resumption",
  async run({ client, observer, name }) {
    const [topic, groupId] = [name("shared"), name("group")];
    await observer.createTopic(topic, PARTITIONS);
    const produce = async (label: string, count: number) => {
      const values = valuesOf(label, count);
      await client.produce(topic, "none", values);
      return values;
    };
    const assigned = () => observer.assigned(groupId);
    const have = (...members: Consumption[]) => sorted(new Set(members.flatMap(({ values }) => values)));

    const first = client.consume(groupId, topic);
    await eventually(assigned, [PARTITIONS]);
    const alone = await produce("alone", 40);
    await eventually(() => have(first), sorted(alone));

    const second = client.consume(groupId, topic);
    await eventually(assigned, [PARTITIONS / 2, PARTITIONS / 2]);
    const both = [...alone, ...(await produce("both", 40))];
    await eventually(() => have(first, second), sorted(both));

    await first.stop();
    await eventually(assigned, [PARTITIONS]);
    const all = [...both, ...(await produce("second", 20))];
    await eventually(() => have(first, second), sorted(all));
    await second.stop();
    await eventually(() => observer.committed(groupId), all.length);

    const later = await produce("later", 10);
    const third = client.consume(groupId, topic);
    await eventually(() => have(third), sorted(later));
    expect(third.values).toHaveLength(later.length);
    await third.stop();
    return { cell: "yes" };
  },
};

const time: Exercise = {
  title: "reads from a time on",
  column: "reading from a time on",
  async run({ client, observer, name }) {
    const topic = name("timed");
    await observer.createTopic(topic, 1);
    await client.produce(topic, "none", valuesOf("before", 20));
    const start = Date.now() + 1;
    await eventually(() => Date.now() > start, true);
    const after = valuesOf("after", 20);
    await client.produce(topic, "none", after);
    expect(await client.valuesSince(topic, start, after.length)).toEqual(after);
    return { cell: "yes" };
  },
};

const administration: Exercise = {
  title: "creates, describes and deletes topics, and tells refusals",
  column: "topics created, described, deleted",
  async run({ client: { admin }, name }) {
    if (admin === undefined) return { cell: "has no such calls" };
    const topic = name("made");
    await admin.create(topic, 3);
    // A broker may need a moment until it knows of what its controller has made.
    await eventually(() => admin.partitions(topic).catch(() => 0), 3);
    const refusals = [
      await refusal("the same again", () => admin.create(topic, 3)),
      await refusal("an illegal name", () => admin.create("no spaces", 1)),
      await refusal("no partitions", () => admin.create(name("none"), 0)),
    ];
    await admin.remove(topic);
    refusals.push(await refusal("gone", () => admin.remove(topic)));
    return { cell: "yes", details: refusals };
  },
};

export const EXERCISES: readonly Exercise[] = [codecs, group, time, administration];

/** The name that the client has for the broker's refusal: what it says besides is the broker's own sentence. */
async function refusal(what: string, call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
  } catch (error) {
    const { message } = error as Error;
    const [name = message] = /\b(?:[A-Z]+_[A-Z_]+|\w+(?:Exception|Error))\b/.exec(message) ?? [];
    return `${what}: ${name}`;
  }
  throw new Error(`${what} was not refused`);
}
