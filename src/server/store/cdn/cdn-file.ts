import { isActiveDocument } from "../content-type.ts";
import { type Coding, ETAG_SUFFIX, etagBase } from "../http-cache.ts";

/** One coded form of a file: where its bytes are, and the headers of its answers, built once. */
export interface Representation {
  coding: Coding;
  /** Of the blob that holds the coded bytes. */
  sha256: string;
  size: number;
  etag: string;
  headers: Readonly<Record<string, string | number>>;
  /** Of a 304. */
  validators: Readonly<Record<string, string | number>>;
}

export interface CdnFile {
  plugin: string;
  version: string;
  /** Of the identity bytes. */
  sha256: string;
  /** Without quotes and coding suffix. */
  etagBase: string;
  /** HTTP date. */
  lastModified: string;
  identity: Representation;
  codings: ReadonlyMap<Coding, Representation>;
}

export interface CdnFileFacts {
  plugin: string;
  version: string;
  path: string;
  sha256: string;
  size: number;
  type: string;
  publishedAt: Date;
  variants: readonly { encoding: string; blob: string; size: number }[];
  /** More variants may come, or are there: caches must not give one client's coding to another. */
  varies: boolean;
}

const DOCUMENT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'";

/** Headers as in the discovery-store spec, 5.2. */
export function toCdnFile(facts: CdnFileFacts): CdnFile {
  const base = etagBase(Buffer.from(facts.sha256, "hex"));
  const lastModified = facts.publishedAt.toUTCString();
  const represent = (coding: Coding, sha256: string, size: number): Representation => {
    const etag = `"${base}${ETAG_SUFFIX[coding]}"`;
    const validators = {
      "Cache-Control": "public, max-age=31536000, immutable",
      ETag: etag,
      "Last-Modified": lastModified,
      "X-Content-Type-Options": "nosniff",
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Expose-Headers": "ETag, Content-Range, Repr-Digest",
      "Cross-Origin-Resource-Policy": "cross-origin",
      "Timing-Allow-Origin": "*",
      "Accept-Ranges": "bytes",
      "Repr-Digest": `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`,
      ...(facts.varies ? { Vary: "Accept-Encoding" } : {}),
      ...documentHeaders(facts.type),
    };
    const headers = {
      ...validators,
      "Content-Type": facts.type,
      "Content-Length": size,
      ...(coding === "identity" ? {} : { "Content-Encoding": coding }),
    };
    return { coding, sha256, size, etag, headers, validators };
  };
  const identity = represent("identity", facts.sha256, facts.size);
  const codings = new Map<Coding, Representation>([["identity", identity]]);
  for (const { encoding, blob, size } of facts.variants) {
    if (encoding === "br" || encoding === "gzip") codings.set(encoding, represent(encoding, blob, size));
  }
  return {
    plugin: facts.plugin,
    version: facts.version,
    sha256: facts.sha256,
    etagBase: base,
    lastModified,
    identity,
    codings,
  };
}

/** A document that somebody opens directly must not run scripts in this server's origin (ST-43). */
function documentHeaders(type: string): Record<string, string> {
  if (!isActiveDocument(type)) return {};
  return {
    "Content-Security-Policy": DOCUMENT_POLICY,
    ...(type.startsWith("text/html") ? { "Content-Disposition": "attachment" } : {}),
  };
}
