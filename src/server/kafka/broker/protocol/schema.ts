/**
 * The language in which messages are described (`messages/`): a message is data, and a new version of an API is a number
 * in that data. Types of messages are inferred from it; `codec.ts` makes readers and writers of it.
 */

type Primitive = "int8" | "int16" | "int32" | "int64" | "boolean" | "uuid";
type Variable = "string" | "bytes" | "records";

/** What a field holds on the wire. */
export type WireType =
  | { readonly kind: Primitive | Variable }
  | { readonly kind: "array"; readonly of: WireType }
  | { readonly kind: "struct"; readonly fields: Fields };

/** How a field changes with the version of its message. All versions include their bounds. */
interface FieldOptions<T> {
  /** First version that has the field. */
  readonly since?: number;
  /** Last version that has the field. */
  readonly until?: number;
  /** First version in which the field may be null. */
  readonly nullable?: number;
  /** Number among the tagged fields of the structure, for a field that is one. */
  readonly tag?: number;
  /** Value where the message does not carry the field; otherwise null or what is empty for the type. */
  readonly default?: T | null;
}

declare const types: unique symbol;

/**
 * A field, and as types: `D` what is read, `E` what may be written, `O` whether it may be left out in writing (which all
 * may that have a default or are not in every version).
 */
export interface Field<D, E, O extends boolean> extends FieldOptions<unknown> {
  readonly type: WireType;
  readonly [types]?: { read: D; write: E; optional: O };
}

/** The fields of a message or structure, in their order on the wire. */
export type Fields = { readonly [name: string]: Field<unknown, unknown, boolean> };

type Simplify<T> = { [K in keyof T]: T[K] };
type ReadOf<F> = F extends Field<infer D, unknown, boolean> ? D : never;
type WriteOf<F> = F extends Field<unknown, infer E, boolean> ? E : never;
type IsOptional<F> = F extends Field<unknown, unknown, infer O> ? O : never;

/** The value that is read: every field has a value, in every version. */
export type Decoded<F extends Fields> = { readonly [K in keyof F]: ReadOf<F[K]> };

/** The value to write: fields with a default, and those that some versions lack, may be left out. */
export type Encodable<F extends Fields> = Simplify<
  { readonly [K in keyof F as IsOptional<F[K]> extends true ? never : K]: WriteOf<F[K]> } & {
    readonly [K in keyof F as IsOptional<F[K]> extends true ? K : never]?: WriteOf<F[K]> | undefined;
  }
>;

type Null<O> = O extends { readonly nullable: number } ? null : never;
type Optional<O> = O extends
  | { readonly since: number }
  | { readonly until: number }
  | { readonly default: unknown }
  ? true
  : false;

type Plain<T> = <const O extends FieldOptions<T> = Record<never, never>>(
  options?: O,
) => Field<T | Null<O>, T | Null<O>, Optional<O>>;

const plain =
  <T>(kind: Primitive | Variable): Plain<T> =>
  (options) => ({ type: { kind }, ...options });

export const int8 = plain<number>("int8");
export const int16 = plain<number>("int16");
export const int32 = plain<number>("int32");
/** A number, exact to 2^53. */
export const int64 = plain<number>("int64");
export const boolean = plain<boolean>("boolean");
/** 22 characters of base64url, as Kafka prints ids. */
export const uuid = plain<string>("uuid");
export const string = plain<string>("string");
export const bytes = plain<Buffer>("bytes");

/** Record batches: read as one slice of the frame, written from the slices that a log hands out. Neither copies. */
export const records = <const O extends FieldOptions<Buffer> = Record<never, never>>(
  options?: O,
): Field<Buffer | null, Buffer | readonly Buffer[] | null, Optional<O>> => ({
  type: { kind: "records" },
  ...options,
});

/** Several structures, or several values of a plain type. */
export function array<
  F extends Fields,
  const O extends FieldOptions<readonly never[]> = Record<never, never>,
>(
  of: F,
  options?: O,
): Field<readonly Decoded<F>[] | Null<O>, readonly Encodable<F>[] | Null<O>, Optional<O>> {
  return { type: { kind: "array", of: { kind: "struct", fields: of } }, ...options };
}

export function arrayOf<D, E, const O extends FieldOptions<readonly never[]> = Record<never, never>>(
  of: Field<D, E, false>,
  options?: O,
): Field<readonly D[] | Null<O>, readonly E[] | Null<O>, Optional<O>> {
  return { type: { kind: "array", of: of.type }, ...options };
}

/** A structure among the tagged fields; null where the message does not carry it. */
export function taggedStruct<F extends Fields>(
  options: { readonly tag: number; readonly since: number },
  fields: F,
): Field<Decoded<F> | null, Encodable<F> | null, true> {
  return { type: { kind: "struct", fields }, default: null, ...options };
}

/** One request with its response. */
export interface Api<Request extends Fields = Fields, Response extends Fields = Fields> {
  readonly key: number;
  /** As in Kafka's documentation, e.g. `Produce`. */
  readonly name: string;
  /** First and last version that can be read and written. */
  readonly versions: readonly [first: number, last: number];
  /** First version with compact lengths and tagged fields; Infinity for an API that never has them. */
  readonly flexible: number;
  readonly request: Request;
  readonly response: Response;
}

export type RequestOf<A> = A extends Api<infer Request, Fields> ? Decoded<Request> : never;
export type ResponseOf<A> = A extends Api<Fields, infer Response> ? Encodable<Response> : never;

/** Declares an API, with the types of its messages. */
export const api = <Request extends Fields, Response extends Fields>(
  description: Api<Request, Response>,
): Api<Request, Response> => description;
