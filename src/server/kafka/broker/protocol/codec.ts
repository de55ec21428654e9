import { MalformedError } from "./errors.ts";
import { Reader } from "./reader.ts";
import type { Api, Decoded, Encodable, Field, Fields, WireType } from "./schema.ts";
import { Writer } from "./writer.ts";

interface Codec {
  read(from: Reader): unknown;
  write(to: Writer, value: unknown): void;
}

/** What decides the shape of a value on the wire. */
interface Dialect {
  readonly version: number;
  readonly flexible: boolean;
}

const NOTHING: readonly never[] = Object.freeze([]);
const NO_BYTES = Buffer.alloc(0);
const ZERO_UUID = "A".repeat(22);

const PLAIN = {
  int8: { read: (from: Reader) => from.int8(), write: (to: Writer, value: number) => to.int8(value) },
  int16: { read: (from: Reader) => from.int16(), write: (to: Writer, value: number) => to.int16(value) },
  int32: { read: (from: Reader) => from.int32(), write: (to: Writer, value: number) => to.int32(value) },
  int64: { read: (from: Reader) => from.int64(), write: (to: Writer, value: number) => to.int64(value) },
  boolean: {
    read: (from: Reader) => from.boolean(),
    write: (to: Writer, value: boolean) => to.boolean(value),
  },
  uuid: { read: (from: Reader) => from.uuid(), write: (to: Writer, value: string) => to.uuid(value) },
};

/** Lengths of strings, bytes and arrays: fixed width, or a variable-length number that is one more. */
const fixedLength = {
  short: {
    read: (from: Reader) => from.int16(),
    write: (to: Writer, length: number) => to.int16(length),
  },
  long: {
    read: (from: Reader) => from.int32(),
    write: (to: Writer, length: number) => to.int32(length),
  },
};
const compactLength = {
  read: (from: Reader) => from.uvarint() - 1,
  write: (to: Writer, length: number) => to.uvarint(length + 1),
};

const UNEXPECTED_NULL = "null where a value must be";

function stringCodec(flexible: boolean, nullable: boolean): Codec {
  const length = flexible ? compactLength : fixedLength.short;
  return {
    read: (from) => {
      const text = from.text(length.read(from));
      if (text === null && !nullable) throw new MalformedError(UNEXPECTED_NULL);
      return text;
    },
    write: (to, value) => {
      if (value === null && nullable) return length.write(to, -1);
      const text = value as string;
      const size = Buffer.byteLength(text);
      length.write(to, size);
      to.text(text, size);
    },
  };
}

function bytesCodec(flexible: boolean, nullable: boolean): Codec {
  const length = flexible ? compactLength : fixedLength.long;
  return {
    read: (from) => {
      const slice = from.slice(length.read(from));
      if (slice === null && !nullable) throw new MalformedError(UNEXPECTED_NULL);
      return slice;
    },
    write: (to, value) => {
      if (value === null && nullable) return length.write(to, -1);
      if (!Array.isArray(value)) {
        length.write(to, (value as Buffer).length);
        return to.bytes(value as Buffer);
      }
      const slices = value as readonly Buffer[];
      length.write(
        to,
        slices.reduce((sum, slice) => sum + slice.length, 0),
      );
      for (const slice of slices) to.bytes(slice);
    },
  };
}

function arrayCodec(of: Codec, flexible: boolean, nullable: boolean): Codec {
  const length = flexible ? compactLength : fixedLength.long;
  return {
    read: (from) => {
      const count = from.count(length.read(from));
      if (count === 0) return NOTHING;
      if (count > 0) return Array.from({ length: count }, () => of.read(from));
      if (!nullable) throw new MalformedError(UNEXPECTED_NULL);
      return null;
    },
    write: (to, value) => {
      if (value === null && nullable) return length.write(to, -1);
      const elements = value as readonly unknown[];
      length.write(to, elements.length);
      for (const element of elements) of.write(to, element);
    },
  };
}

function codecOf(type: WireType, dialect: Dialect, nullable: boolean): Codec {
  switch (type.kind) {
    case "string":
      return stringCodec(dialect.flexible, nullable);
    case "bytes":
      return bytesCodec(dialect.flexible, nullable);
    case "records":
      return bytesCodec(dialect.flexible, true);
    case "array":
      return arrayCodec(codecOf(type.of, dialect, false), dialect.flexible, nullable);
    case "struct":
      return structCodec(type.fields, dialect);
    default:
      return PLAIN[type.kind] as Codec;
  }
}

function emptyValue(type: WireType): unknown {
  switch (type.kind) {
    case "string":
      return "";
    case "bytes":
    case "records":
      return NO_BYTES;
    case "array":
      return NOTHING;
    case "boolean":
      return false;
    case "uuid":
      return ZERO_UUID;
    case "struct":
      return null;
    default:
      return 0;
  }
}

/** The value of a field that the message does not carry. */
function defaultOf(field: Field<unknown, unknown, boolean>): unknown {
  if (field.default !== undefined) return field.default;
  return field.nullable === undefined ? emptyValue(field.type) : null;
}

interface CompiledField extends Codec {
  readonly name: string;
  readonly tag: number | undefined;
  /** The value where the message does not carry the field. */
  readonly absent: unknown;
  /** What is written for a value that is left out, or that is null in a version that cannot say null. */
  readonly fallback: unknown;
  readonly nullable: boolean;
}

function compileField(name: string, field: Fields[string], dialect: Dialect): CompiledField {
  const nullable = field.nullable !== undefined && dialect.version >= field.nullable;
  const absent = defaultOf(field);
  return {
    name,
    tag: field.tag,
    absent,
    fallback: absent === null && !nullable ? emptyValue(field.type) : absent,
    nullable: nullable || field.type.kind === "records",
    ...codecOf(field.type, dialect, nullable),
  };
}

const isCarried = (field: Fields[string], { version }: Dialect): boolean =>
  version >= (field.since ?? 0) && version <= (field.until ?? Number.POSITIVE_INFINITY);

/** True for a tagged field that need not be written. */
const isDefault = (value: unknown, absent: unknown): boolean =>
  value === absent || (Array.isArray(value) && Array.isArray(absent) && value.length === absent.length);

function structCodec(fields: Fields, dialect: Dialect): Codec {
  const all = Object.entries(fields).map(([name, field]) => ({
    carried: isCarried(field, dialect),
    ...compileField(name, field, dialect),
  }));
  const plain = all.filter(({ carried, tag }) => carried && tag === undefined);
  const tagged = all
    .filter(({ carried, tag }) => carried && tag !== undefined)
    .sort((a, b) => (a.tag as number) - (b.tag as number));
  // One read function a field, absent ones included, so that all values of a message share one hidden class.
  const steps = all.map((field) => {
    const { name, absent, read } = field;
    return { name, read: plain.includes(field) ? read : () => absent };
  });
  return {
    read: (from) => {
      const value: Record<string, unknown> = {};
      for (const { name, read } of steps) value[name] = read(from);
      if (dialect.flexible) readTagged(from, tagged, value);
      return value;
    },
    write: (to, given) => {
      const value = given as Record<string, unknown>;
      for (const { name, fallback, nullable, write } of plain) {
        const own = value[name];
        write(to, own === undefined || (own === null && !nullable) ? fallback : own);
      }
      if (dialect.flexible) writeTagged(to, tagged, value);
    },
  };
}

function readTagged(from: Reader, tagged: readonly CompiledField[], value: Record<string, unknown>): void {
  const count = from.count(from.uvarint());
  for (let index = 0; index < count; index++) {
    const tag = from.uvarint();
    const size = from.uvarint();
    const field = tagged.find((candidate) => candidate.tag === tag);
    const content = from.slice(size) as Buffer;
    if (field === undefined) continue;
    const inner = new Reader(content);
    value[field.name] = field.read(inner);
    inner.end();
  }
}

function writeTagged(to: Writer, tagged: readonly CompiledField[], value: Record<string, unknown>): void {
  const written = tagged.filter(
    ({ name, absent }) => value[name] !== undefined && !isDefault(value[name], absent),
  );
  to.uvarint(written.length);
  for (const { name, tag, write } of written) {
    const content = new Writer();
    write(content, value[name]);
    to.uvarint(tag as number);
    to.uvarint(content.length);
    to.append(content);
  }
}

/** Reader and writer of one message in one version. */
export interface MessageCodec<F extends Fields> {
  /** @throws MalformedError when the bytes are no such message; what follows the message stays unread. */
  read(from: Reader): Decoded<F>;
  write(to: Writer, value: Encodable<F>): void;
}

const compiled = new WeakMap<Fields, Map<number, Codec>>();

/** The codec of one side of an API in one version, compiled when first wanted. */
export function messageCodec<F extends Fields>(
  { flexible }: Pick<Api, "flexible">,
  fields: F,
  version: number,
): MessageCodec<F> {
  let versions = compiled.get(fields);
  if (versions === undefined) {
    versions = new Map();
    compiled.set(fields, versions);
  }
  let codec = versions.get(version);
  if (codec === undefined) {
    codec = structCodec(fields, { version, flexible: version >= flexible });
    versions.set(version, codec);
  }
  return codec as MessageCodec<F>;
}
