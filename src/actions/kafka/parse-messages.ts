import * as z from "zod/mini";
import { invalidError } from "../../core/errors.ts";
import { FORMATS, type Format } from "../../core/kafka/formats.ts";
import type { Headers, NewMessage } from "../../core/kafka/messages.ts";
import { read } from "./formats.ts";

/** What every message of an input gets that does not say otherwise. */
export interface LineDefaults {
  partition: number | undefined;
  headers: Headers;
}

/** Makes a message of a line; the number is for errors. */
export type LineParser = (line: Buffer, number: number) => NewMessage;

/** A line is a value, or a key and a value with a separator between. @throws INVALID for a line without it. */
export function plainLines(separator: string | undefined, { partition, headers }: LineDefaults): LineParser {
  if (separator === undefined) return (line) => ({ key: null, value: line, headers, partition });
  const between = Buffer.from(separator);
  return (line, number) => {
    const at = line.indexOf(between);
    if (at < 0) {
      throw invalidError(`line ${number} has no "${separator}" between key and value`, {
        hint: "--key-separator says what stands between; a line without a key begins with it",
      });
    }
    const key = at === 0 ? null : line.subarray(0, at);
    return { key, value: line.subarray(at + between.length), headers, partition };
  };
}

const headerSchema = z.union([z.string(), z.strictObject({ hex: z.string() })]);

const lineSchema = z.object({
  key: z.optional(z.unknown()),
  keyFormat: z.optional(z.nullable(z.enum(FORMATS))),
  value: z.optional(z.unknown()),
  valueFormat: z.optional(z.nullable(z.enum(FORMATS))),
  headers: z.optional(z.record(z.string(), z.union([headerSchema, z.array(headerSchema)]))),
  partition: z.optional(z.int().check(z.nonnegative())),
  timestamp: z.optional(
    z.nullable(z.union([z.iso.datetime({ offset: true }), z.int().check(z.nonnegative())])),
  ),
});
type Line = z.infer<typeof lineSchema>;

/**
 * A line is a JSON object as `plugctl kafka tail -o jsonl` prints it; what is no string becomes JSON.
 * @param keepPartition take the partition that a line names
 * @throws INVALID naming line and field
 */
export function jsonLines(
  defaults: LineDefaults & {
    keepPartition: boolean;
    formats: { key: Format | undefined; value: Format | undefined };
  },
): LineParser {
  return (line, number) => {
    const fields = parseLine(line, number);
    const field = (name: "key" | "value") => {
      const given = fields[name];
      const format =
        fields[`${name}Format`] ?? defaults.formats[name] ?? (typeof given === "string" ? "text" : "json");
      try {
        return read(given, format);
      } catch (error) {
        throw invalidError(`line ${number}: ${name} ${(error as Error).message}`);
      }
    };
    const own = headersOf(fields.headers ?? {}, number);
    const partition = defaults.keepPartition ? fields.partition : undefined;
    const timestamp = timeOf(fields.timestamp);
    return {
      key: field("key"),
      value: field("value"),
      headers: own.length === 0 ? defaults.headers : [...defaults.headers, ...own],
      partition: defaults.partition ?? partition,
      ...(timestamp === undefined ? {} : { timestamp }),
    };
  };
}

function parseLine(line: Buffer, number: number): Line {
  let json: unknown;
  try {
    json = JSON.parse(line.toString("utf8"));
  } catch {
    throw invalidError(`line ${number} is no JSON`, {
      hint: 'write one object a line, such as {"key":"a","value":"b"}; without --json a line is a value',
    });
  }
  const parsed = lineSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join(".");
  throw invalidError(`line ${number}: ${path ? `${path}: ` : ""}${issue?.message}`);
}

function headersOf(headers: NonNullable<Line["headers"]>, number: number): Headers {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => {
      try {
        const bytes = typeof one === "string" ? Buffer.from(one) : (read(one.hex, "hex") ?? Buffer.alloc(0));
        return [name, bytes] as const;
      } catch (error) {
        throw invalidError(`line ${number}: header ${name} ${(error as Error).message}`);
      }
    }),
  );
}

const timeOf = (timestamp: Line["timestamp"]): number | undefined =>
  typeof timestamp === "string" ? Date.parse(timestamp) : (timestamp ?? undefined);
