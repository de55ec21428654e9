import { type $ZodType, type output, safeParse } from "zod/v4/core";
import { PlugctlError } from "../../core/errors.ts";
import { type CallContext, transportError } from "./errors.ts";
import type { Dispatcher } from "./undici.ts";

/** JSON beyond this is refused: it is held in memory. */
const JSON_BYTES = 64 * 1024 * 1024;

/** An answer of which the head is known to be fine. */
export interface Answer {
  body: Dispatcher.ResponseData["body"];
  call: CallContext;
}

/** The checked body. @throws BACKEND naming URL and field when it does not fit the schema; see `transportError`. */
export async function readJson<S extends $ZodType>(
  answer: Answer,
  schema: S,
  verbatim: readonly string[] = [],
): Promise<output<S>> {
  const { method, url, target } = answer.call;
  const unfit = (why: string, field?: string) =>
    new PlugctlError("BACKEND", `${method} ${url} was answered with ${why}`, {
      hint: `is target "${target}" a server of its kind, and of a version that this plugctl knows?`,
      details: { target, url, ...(field === undefined ? {} : { field }) },
    });
  const text = await readText(chunks(answer), JSON_BYTES);
  if (text === undefined) throw unfit(`more than ${JSON_BYTES} bytes of JSON`);
  let data: unknown;
  try {
    data = JSON.parse(text, keeping(verbatim));
  } catch {
    throw unfit("something that is not JSON");
  }
  const parsed = safeParse(schema, data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw unfit(`JSON that does not fit${field === "" ? "" : ` at ${field}`}: ${issue?.message}`, field);
}

/** A reviver that leaves numbers of these members as they are written. */
function keeping(names: readonly string[]) {
  if (names.length === 0) return undefined;
  const revive = (name: string, value: unknown, { source }: { source?: string }) =>
    typeof value === "number" && names.includes(name) ? source : value;
  // The third parameter is newer than the types of the library.
  return revive as (name: string, value: unknown) => unknown;
}

/** Reads the body to its end, so that the connection can be used again. */
export async function discard(answer: Answer): Promise<void> {
  await answer.body.dump();
}

/** The body piece by piece. @throws see `transportError`. */
export async function* chunks({ body, call }: Answer): AsyncGenerator<Uint8Array> {
  try {
    yield* body as AsyncIterable<Uint8Array>;
  } catch (thrown) {
    throw transportError(thrown, call);
  }
}

/** The text of a body, or undefined when it is longer than the limit. */
export async function readText(
  body: AsyncIterable<Uint8Array>,
  limitBytes: number,
): Promise<string | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > limitBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
