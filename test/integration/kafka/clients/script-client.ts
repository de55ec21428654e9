import type { Codec } from "../../../../src/core/kafka/compression.ts";
import type { ClientKind, KafkaClient } from "./client.ts";
import { consumption, linesOf, run, textOf } from "./processes.ts";

/**
 * A client that is a library of another language, behind a program that takes these words after its own:
 * `BOOTSTRAP version | create TOPIC PARTITIONS | partitions TOPIC | remove TOPIC | produce TOPIC CODEC | consume GROUP TOPIC |
 * since TOPIC TIME`. Values are lines; a refusal of the broker is the last line of stderr.
 */
export function scriptClient({
  program,
  ...kind
}: Pick<ClientKind, "title" | "packages" | "codecs"> & {
  program: () => Promise<readonly [string, ...string[]]>;
}): ClientKind {
  return {
    ...kind,
    async connect(bootstrap): Promise<KafkaClient> {
      const [command, ...first] = await program();
      const words = (...rest: string[]) => [...first, bootstrap, ...rest];
      const ask = (...rest: string[]) => run(command, words(...rest));
      return {
        version: (await ask("version")).trim(),
        async produce(topic: string, codec: Codec, values) {
          await run(command, words("produce", topic, codec), textOf(values));
        },
        consume: (group, topic) => consumption(command, words("consume", group, topic)),
        valuesSince: async (topic, time) => linesOf(await ask("since", topic, String(time))),
        admin: {
          create: async (topic, partitions) => void (await ask("create", topic, String(partitions))),
          partitions: async (topic) => Number(await ask("partitions", topic)),
          remove: async (topic) => void (await ask("remove", topic)),
        },
      };
    },
  };
}
