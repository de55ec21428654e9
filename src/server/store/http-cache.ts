import { createHash } from "node:crypto";
import Negotiator from "negotiator";

/** Coded forms in the order in which this server prefers them, and how an ETag names them. */
export const ETAG_SUFFIX = { br: "-br", gzip: "-gz", identity: "" } as const;
export type Coding = keyof typeof ETAG_SUFFIX;

const PREFERENCE: readonly Coding[] = ["br", "gzip", "identity"];

/** First 27 characters of base64url(sha256): the opaque part of an ETag (discovery-store spec, 2.7 and 5.2). */
export const etagBase = (sha256: Buffer) => sha256.toString("base64url").slice(0, 27);

export const etagOf = (content: Buffer) => etagBase(createHash("sha256").update(content).digest());

/** Browsers send few different values; parsing each once keeps it off the hot path. */
const parsed = new Map<string, readonly Coding[]>();
const PARSED_LIMIT = 256;

/** What `Accept-Encoding` allows, the client's preference (q) first, then ours. May be empty. */
export function acceptedCodings(header: string | undefined): readonly Coding[] {
  if (header === undefined) return ["identity"];
  const known = parsed.get(header);
  if (known !== undefined) return known;
  const negotiator = new Negotiator({ headers: { "accept-encoding": header } }) as PreferringNegotiator;
  const codings = negotiator.encodings(PREFERENCE, { preferred: PREFERENCE });
  if (parsed.size >= PARSED_LIMIT) parsed.clear();
  parsed.set(header, codings);
  return codings;
}

/** negotiator 1 has this option, its types do not. */
interface PreferringNegotiator {
  encodings(available: readonly Coding[], options: { preferred: readonly string[] }): Coding[];
}
