import fc from "fast-check";
import { messageCodec } from "../../src/server/kafka/broker/protocol/codec.ts";
import type { Api, Fields, WireType } from "../../src/server/kafka/broker/protocol/schema.ts";
import { Writer } from "../../src/server/kafka/broker/protocol/writer.ts";

type Field = Fields[string];

const NO_BYTES = Buffer.alloc(0);
const integer = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
/** What UTF-8 can say, no half of a surrogate pair; and a few names that mean the same in several messages. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom("topic-a", "topic-b", "group-a", "consumer", "range"),
);
const uuid = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((id) => Buffer.from(id).toString("base64url"));

const PLAIN: Record<string, fc.Arbitrary<unknown>> = {
  int8: integer(8),
  int16: integer(16),
  int32: integer(32),
  int64: fc.maxSafeInteger(),
  boolean: fc.boolean(),
  uuid,
  string: text,
  bytes,
  records: bytes,
};

const isCarried = ({ since = 0, until = Number.POSITIVE_INFINITY }: Field, version: number) =>
  version >= since && version <= until;

function valueOfType(type: WireType, version: number): fc.Arbitrary<unknown> {
  if (type.kind === "array") return fc.array(valueOfType(type.of, version), { maxLength: 3 });
  if (type.kind === "struct") return messages(type.fields, version);
  return PLAIN[type.kind] as fc.Arbitrary<unknown>;
}

function fieldValue(field: Field, version: number): fc.Arbitrary<unknown> {
  const value = valueOfType(field.type, version);
  const nullable =
    field.type.kind === "struct" ||
    field.type.kind === "records" ||
    (field.nullable !== undefined && version >= field.nullable);
  return nullable ? fc.option(value, { nil: null, freq: 4 }) : value;
}

/** Random values of a message, with the fields that the version carries. */
export function messages(fields: Fields, version: number): fc.Arbitrary<Record<string, unknown>> {
  const carried = Object.entries(fields).filter(([, field]) => isCarried(field, version));
  return fc.record(Object.fromEntries(carried.map(([name, field]) => [name, fieldValue(field, version)])));
}

function absent(field: Field): unknown {
  if (field.default !== undefined) return field.default;
  if (field.nullable !== undefined) return null;
  const empty: Record<string, unknown> = {
    string: "",
    bytes: NO_BYTES,
    records: NO_BYTES,
    array: [],
    boolean: false,
    uuid: "A".repeat(22),
  };
  return field.type.kind in empty ? empty[field.type.kind] : 0;
}

/** What has to be read where `value` was written: the same, and the default of every field that the version lacks. */
export function completed(fields: Fields, version: number, value: unknown): unknown {
  if (value === null) return null;
  const given = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      if (!isCarried(field, version)) return [name, absent(field)];
      return [name, completedValue(field.type, version, given[name])];
    }),
  );
}

function completedValue(type: WireType, version: number, value: unknown): unknown {
  if (type.kind === "struct") return completed(type.fields, version, value);
  if (type.kind !== "array" || value === null) return value;
  return (value as unknown[]).map((element) => completedValue(type.of, version, element));
}

/** The versions of an API, oldest first. */
export const versionsOf = ({ versions: [first, last] }: Api): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** A message alone, as it stands in a frame after the header. */
export function encodeBody(api: Api, fields: Fields, version: number, value: unknown): Buffer {
  const to = new Writer();
  messageCodec(api, fields, version).write(to, value as never);
  return Buffer.concat(to.finish());
}

/** A request as a client sends it, with its size. */
export function encodeRequest(
  api: Api,
  version: number,
  value: unknown,
  { correlationId = 1, clientId = "test" }: { correlationId?: number; clientId?: string | null } = {},
): Buffer {
  const to = new Writer();
  to.int32(0);
  to.int16(api.key);
  to.int16(version);
  to.int32(correlationId);
  if (clientId === null) to.int16(-1);
  else {
    to.int16(Buffer.byteLength(clientId));
    to.text(clientId, Buffer.byteLength(clientId));
  }
  if (version >= api.flexible) to.uvarint(0);
  messageCodec(api, api.request, version).write(to, value as never);
  const frame = Buffer.concat(to.finish());
  frame.writeInt32BE(frame.length - 4, 0);
  return frame;
}
