import { addAbortSignal } from "node:stream";
import { linesOf } from "../../actions/kafka/lines.ts";
import { jsonLines, type LineParser, plainLines } from "../../actions/kafka/parse-messages.ts";
import { cancelledError, isPlugctlError, PlugctlError, usageError } from "../../core/errors.ts";
import type { Codec } from "../../core/kafka/compression.ts";
import type { Format } from "../../core/kafka/formats.ts";
import type { NewMessage, ProduceProgress, ProduceRequest } from "../../core/kafka/messages.ts";
import type { Host } from "../../host.ts";
import { done } from "../../output/result.ts";
import type { Handler, Options } from "../command.ts";
import type { kafkaProduce } from "./produce.meta.ts";
import { assignments } from "./topics/assignments.ts";

export const run: Handler<typeof kafkaProduce> = async ({ args, options, host }) => {
  const parse = parserOf(options);
  const acks = (options.acks ?? "all") as ProduceRequest["acks"];
  const { target, on } = await host.capability("messages");
  if (host.terminal.stdin.isTTY) host.say("Each line becomes a message; Ctrl-D ends.");
  try {
    const summary = await on.produce(
      {
        topic: args.topic,
        acks,
        codec: (options.compression ?? "none") as Codec,
        idempotent: acks === "all" && options.idempotent !== false,
        messages: messagesFrom(host, parse),
      },
      host.progress.listener,
    );
    const { messages, topic, seconds } = summary;
    const sentence = `wrote ${messages} message${messages === 1 ? "" : "s"} to topic ${topic} in ${seconds} s`;
    return done(sentence, { target: target.name, ...summary }, { nameOf: () => topic });
  } catch (error) {
    throw withCertainLines(error);
  }
};

function parserOf(options: Options<typeof kafkaProduce>): LineParser {
  const { json, keySeparator, partition, keepPartitions } = options;
  const onlyJson = { key: options.key, value: options.value, "keep-partitions": keepPartitions };
  const headers = Object.entries(assignments(options.header, "--header")).map(
    ([name, value]) => [name, Buffer.from(value)] as const,
  );
  if (json) {
    if (keySeparator !== undefined) throw usageError("--json and --key-separator exclude each other");
    if (keepPartitions && partition !== undefined) {
      throw usageError("--keep-partitions and --partition exclude each other");
    }
    const formats = { key: options.key as Format | undefined, value: options.value as Format | undefined };
    return jsonLines({ partition, headers, keepPartition: keepPartitions === true, formats });
  }
  const [without] = Object.entries(onlyJson).find(([, value]) => value !== undefined) ?? [];
  if (without !== undefined) throw usageError(`--${without} has no meaning without --json`);
  if (keySeparator === "") throw usageError("--key-separator cannot be empty");
  return plainLines(keySeparator, { partition, headers });
}

async function* messagesFrom({ terminal, signal }: Host, parse: LineParser): AsyncGenerator<NewMessage[]> {
  let number = 0;
  try {
    for await (const lines of linesOf(addAbortSignal(signal, terminal.stdin))) {
      const messages: NewMessage[] = [];
      let fault: { error: unknown } | undefined;
      for (const line of lines) {
        number += 1;
        try {
          messages.push(parse(line, number));
        } catch (error) {
          fault = { error };
          break;
        }
      }
      // What stands before a line that is wrong is written all the same.
      if (messages.length > 0) yield messages;
      if (fault !== undefined) throw fault.error;
    }
  } catch (error) {
    if (signal.aborted) throw cancelledError("interrupted");
    throw error;
  }
}

/** Adds to an error up to which line everything is certainly written. */
function withCertainLines(error: unknown): unknown {
  if (!isPlugctlError(error) || error.details?.taken === undefined) return error;
  const { certain, acknowledged, taken } = error.details as unknown as ProduceProgress;
  const rest = taken - certain;
  const sure = certain === 0 ? "no line is certainly written" : `lines 1 to ${certain} are written`;
  const later = acknowledged > certain ? `, and ${acknowledged - certain} of those after them` : "";
  const unsure = rest - (acknowledged - certain);
  const open = unsure === 0 ? "" : `; ${unsure} more may be`;
  const hint = `${sure}${later}${open}${error.hint === undefined ? "" : `; ${error.hint}`}`;
  const { code, message, details, cause } = error;
  return new PlugctlError(code, message, { hint, details, cause });
}
