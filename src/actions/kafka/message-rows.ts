import type { Format } from "../../core/kafka/formats.ts";
import type { Headers, StoredMessage } from "../../core/kafka/messages.ts";
import { write } from "./formats.ts";

/** A message as scripts get it, and as `plugctl kafka produce --json` takes it. */
export interface MessageRow {
  topic: string;
  partition: number;
  offset: number;
  timestamp: string | null;
  key: unknown;
  keyFormat: Format | null;
  value: unknown;
  valueFormat: Format | null;
  /** A name that occurs more than once has a list; what is no text is `{"hex": "…"}`. */
  headers: Record<string, HeaderValue | HeaderValue[]>;
}

type HeaderValue = string | { hex: string };

export function messageRow(message: StoredMessage, formats: { key: Format; value: Format }): MessageRow {
  const { topic, partition, offset, timestamp, headers } = message;
  const key = write(message.key, formats.key);
  const value = write(message.value, formats.value);
  return {
    topic,
    partition,
    offset,
    timestamp,
    key: key.value,
    keyFormat: key.format,
    value: value.value,
    valueFormat: value.format,
    headers: headersOf(headers),
  };
}

function headersOf(headers: Headers): MessageRow["headers"] {
  if (headers.length === 0) return {};
  return Object.fromEntries(
    [...Map.groupBy(headers, ([name]) => name)].map(([name, all]) => {
      const values = all.map(([, bytes]) => headerValue(bytes));
      return [name, values.length === 1 ? (values[0] ?? "") : values];
    }),
  );
}

function headerValue(bytes: Buffer): HeaderValue {
  const { value, format } = write(bytes, "text");
  return format === "text" ? String(value) : { hex: String(value) };
}
