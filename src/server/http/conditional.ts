import type { IncomingHttpHeaders } from "node:http";

/** What a client may hold an answer against. */
export interface Validators {
  /** The opaque part of the entity tag, without quotes and the suffix of a coding. */
  etagBase: string;
  /** HTTP date; undefined for what goes by its tag alone. */
  lastModified?: string | undefined;
}

/** True when `If-None-Match` names the content in any coding: a coded copy of the same bytes is as good. */
export function isNoneMatch(header: string | undefined, base: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  return header.split(",").some((tag) => /^\s*(?:W\/)?"(.*?)(?:-gz|-br|-zst)?"\s*$/.exec(tag)?.[1] === base);
}

/** True when the client has this already (RFC 9110, 13.1): its tag counts before its date. */
export function isNotModified(headers: IncomingHttpHeaders, { etagBase, lastModified }: Validators): boolean {
  const noneMatch = headers["if-none-match"];
  if (noneMatch !== undefined) return isNoneMatch(noneMatch, etagBase);
  const since = headers["if-modified-since"];
  return since !== undefined && lastModified !== undefined && Date.parse(since) >= Date.parse(lastModified);
}

/** Bytes `start`..`end`, inclusive. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * The one range that a `Range` header asks of `size` bytes (RFC 9110, 14.2). Undefined where the whole is to be sent:
 * without the header, with several ranges, and with what does not parse.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/.exec(header ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size - 1 : Math.min(Number(last), size - 1) };
}

/** The range that is to be sent, of the identity bytes, and only to a client that still has the same ones (`If-Range`). */
export function wantedRange(
  headers: IncomingHttpHeaders,
  { etag, lastModified, size }: { etag: string; lastModified?: string | undefined; size: number },
): ByteRange | "unsatisfiable" | undefined {
  const condition = headers["if-range"];
  if (condition !== undefined && condition !== etag && condition !== lastModified) return undefined;
  return parseRange(headers.range, size);
}
