import { FORMATS } from "../../core/kafka/formats.ts";
import { defineCommand, flag, integer, list, text } from "../command.ts";

export const kafkaTail = defineCommand({
  name: "tail",
  summary: "Show the messages of topics as they come, until Ctrl-C",
  args: { topics: ["<topic...>", "names of topics"] },
  options: {
    from: text(
      "--from <place>",
      "begin there: beginning, end (default), an offset, or a time: how long ago (1h), or a date",
    ),
    last: integer("-n, --last <count>", "begin so many messages before the end, of each partition", {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    }),
    follow: flag("-f, --follow", "go on with what comes (default)"),
    noFollow: flag("--no-follow", "end with what is there now"),
    limit: integer("--limit <count>", "end after so many messages", { min: 1, max: Number.MAX_SAFE_INTEGER }),
    partition: list("-p, --partition <number>", "only these partitions"),
    group: text("-g, --group <name>", "read as a member of this consumer group, and keep how far it came"),
    key: text("--key <format>", "how keys are written (default: text)", { choices: FORMATS }),
    value: text("--value <format>", "how values are written (default: text)", { choices: FORMATS }),
  },
  capability: "messages",
  examples: [
    ["what comes from now on", "plugctl kafka tail orders"],
    ["the last ten of each partition, and no more", "plugctl kafka tail orders -n 10 --no-follow"],
    [
      "the last hour with its JSON, for a program",
      "plugctl kafka tail orders --from 1h --no-follow --value json -o jsonl",
    ],
    ["values only", "plugctl kafka tail orders --fields value"],
  ],
});
