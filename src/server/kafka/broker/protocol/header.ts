import type { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** What every request begins with. */
export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
}

/** The shortest request: the fields of its header that have a fixed size. */
export const MIN_FRAME = 8;

const SIZE = 4;

export function readHeader(from: Reader): RequestHeader {
  return { apiKey: from.int16(), apiVersion: from.int16(), correlationId: from.int32() };
}

/** The rest of the header, whose form depends on the version. The client id has a fixed-width length in all of them. */
export function readClientId(from: Reader, flexible: boolean): string | null {
  const clientId = from.text(from.int16());
  if (!flexible) return clientId;
  for (let left = from.count(from.uvarint()); left > 0; left--) {
    from.uvarint();
    from.skip(from.uvarint());
  }
  return clientId;
}

/**
 * A response as buffers for one `writev`, size first.
 * @param tagged the header has a section of tagged fields: flexible versions of all APIs but ApiVersions
 */
export function encodeResponse(
  correlationId: number,
  tagged: boolean,
  writeBody: (to: Writer) => void,
): Buffer[] {
  const to = new Writer();
  to.int32(0);
  to.int32(correlationId);
  if (tagged) to.uvarint(0);
  writeBody(to);
  const size = to.length - SIZE;
  const buffers = to.finish();
  buffers[0]?.writeInt32BE(size, 0);
  return buffers;
}
