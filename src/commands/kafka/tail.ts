import { type MessageRow, messageRow } from "../../actions/kafka/message-rows.ts";
import { usageError } from "../../core/errors.ts";
import type { Position } from "../../core/kafka/groups.ts";
import type { StoredMessage } from "../../core/kafka/messages.ts";
import type { Host } from "../../host.ts";
import { stream } from "../../output/result.ts";
import type { Handler, Options } from "../command.ts";
import { parsePlace } from "./place.ts";
import type { kafkaTail } from "./tail.meta.ts";

export const run: Handler<typeof kafkaTail> = async ({ args, options, host }) => {
  const from = placeOf(options, host);
  const partitions = options.partition?.map(partitionNumber);
  if (options.group !== undefined) checkGroup(options, from);
  const { on } = await host.capability("messages");
  const messages = on.tail({
    topics: [...new Set(args.topics)],
    partitions,
    from,
    follow: options.follow !== false,
    group: options.group,
    limit: options.limit,
    onInterruption: ({ message }) => host.warn(`${message}; trying again`),
  });
  const formats = { key: options.key ?? "text", value: options.value ?? "text" } as Parameters<
    typeof messageRow
  >[1];
  return stream(
    rowsOf(messages, (message) => messageRow(message, formats)),
    [
      { key: "timestamp" },
      ...(args.topics.length > 1 ? [{ key: "topic" }] : []),
      { key: "partition" },
      { key: "offset" },
      { key: "key" },
      { key: "value" },
    ],
    { nameOf: (row) => `${row.topic}/${row.partition}/${row.offset}` },
  );
};

function placeOf({ from, last }: Options<typeof kafkaTail>, host: Host): Position {
  if (from !== undefined && last !== undefined) throw usageError("--from and --last exclude each other");
  if (last !== undefined) return { at: "last", count: last };
  return from === undefined ? { at: "end" } : parsePlace(from, "--from", host.now());
}

function checkGroup({ partition }: Options<typeof kafkaTail>, from: Position): void {
  if (partition !== undefined) {
    throw usageError("--group and --partition exclude each other: a group shares out the partitions itself");
  }
  if (from.at !== "beginning" && from.at !== "end") {
    throw usageError("with --group, --from can only be beginning or end, for what the group has not begun", {
      hint: "plugctl kafka groups reset moves a group that has begun",
    });
  }
}

function partitionNumber(word: string): number {
  if (/^\d{1,9}$/.test(word)) return Number(word);
  throw usageError(`--partition: "${word}" must be the number of a partition`);
}

async function* rowsOf(
  messages: AsyncIterable<StoredMessage>,
  rowOf: (message: StoredMessage) => MessageRow,
): AsyncGenerator<MessageRow> {
  for await (const message of messages) yield rowOf(message);
}
