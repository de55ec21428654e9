import type { Codec } from "../../core/kafka/compression.ts";
import { FORMATS } from "../../core/kafka/formats.ts";
import { defineCommand, flag, integer, several, text } from "../command.ts";

const CODECS: readonly Codec[] = ["none", "gzip", "snappy", "lz4", "zstd"];

export const kafkaProduce = defineCommand({
  name: "produce",
  summary: "Write the lines of stdin to a topic, each as a message",
  args: { topic: ["<topic>", "name of the topic"] },
  options: {
    json: flag("--json", "a line is a JSON object with key, value, headers, partition, timestamp"),
    key: text("--key <format>", "with --json: how keys are written that do not say so themselves", {
      choices: FORMATS,
    }),
    value: text("--value <format>", "with --json: how values are written that do not say so themselves", {
      choices: FORMATS,
    }),
    keySeparator: text("-k, --key-separator <text>", "a line is a key, this, and a value"),
    header: several("--header <name=value>", "a header of every message"),
    partition: integer("-p, --partition <number>", "to this partition (default: by the key, or in turn)", {
      min: 0,
      max: 2_147_483_647,
    }),
    keepPartitions: flag("--keep-partitions", "with --json: to the partition that the line names"),
    compression: text("--compression <codec>", "how batches are compressed (default: none)", {
      choices: CODECS,
    }),
    acks: text("--acks <who>", "who must have a message before it counts as written (default: all)", {
      choices: ["all", "leader", "none"],
    }),
    idempotent: flag("--no-idempotent", "what is sent again after a lost answer may be written twice"),
  },
  capability: "messages",
  examples: [
    ["each line of a file", "plugctl kafka produce orders < orders.txt"],
    ["keys before a tab", "plugctl kafka produce prices --key-separator $'\\t' < prices.tsv"],
    [
      "from one cluster to another",
      "plugctl kafka tail orders -t old --from beginning --no-follow -o jsonl | plugctl kafka produce orders -t new --json",
    ],
  ],
});
