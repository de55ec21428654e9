import type { FeedState } from "../catalog/catalog.ts";
import type { Fragment, Listing, Section } from "../catalog/listing.ts";
import { type Coding, ETAG_SUFFIX, etagOf } from "../http-cache.ts";

export const SHAPES = ["list", "sections"] as const;
export type Shape = (typeof SHAPES)[number];

type Headers = Readonly<Record<string, string | number>>;

interface Form {
  body: Buffer;
  headers: Headers;
}

/** Headers that every answer about discovery carries (discovery-store spec, 2.7). */
export const DISCOVERY_CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "ETag, X-Plugctl-Revision, X-Plugctl-Audience, X-Plugctl-Omitted",
} as const;

/** One rendered answer of a feed, with the headers of its coded forms. */
export class DiscoveryDocument {
  readonly body: Buffer;
  /** Without quotes and coding suffix. */
  readonly etagBase: string;
  readonly #common: Readonly<Record<string, string>>;
  readonly #forms = new Map<Coding, Form>();

  constructor(body: Buffer, revision: number) {
    this.body = body;
    this.etagBase = etagOf(body);
    this.#common = {
      "Cache-Control": "public, max-age=5, stale-while-revalidate=60, stale-if-error=86400",
      Vary: "Accept, Accept-Encoding",
      "X-Plugctl-Revision": String(revision),
      "X-Content-Type-Options": "nosniff",
      ...DISCOVERY_CORS,
    };
    this.addCoding("identity", body);
  }

  addCoding(coding: Coding, body: Buffer): void {
    const headers = {
      ...this.validators(coding),
      "Content-Length": body.length,
      ...(coding === "identity" ? {} : { "Content-Encoding": coding }),
    };
    this.#forms.set(coding, { body, headers });
  }

  /** The first form of these that is there. */
  form(codings: readonly Coding[]): (Form & { coding: Coding }) | undefined {
    for (const coding of codings) {
      const form = this.#forms.get(coding);
      if (form !== undefined) return { ...form, coding };
    }
    return undefined;
  }

  /** Headers of a 304. */
  validators(coding: Coding): Headers {
    return { ...this.#common, ETag: `"${this.etagBase}${ETAG_SUFFIX[coding]}"` };
  }
}

/** @param origin scheme and host for the URLs, without a trailing slash. */
export function renderDocument(feed: FeedState, shape: Shape, origin: string): DiscoveryDocument {
  const text = shape === "list" ? renderList(feed.listings, origin) : renderSections(feed.listings, origin);
  return new DiscoveryDocument(Buffer.from(text), feed.revision);
}

const place = (fragment: Fragment, origin: string) => fragment.join(origin);

const renderList = (listings: readonly Listing[], origin: string) =>
  `[${listings.map((listing) => place(listing.item, origin)).join(",")}]`;

/** Sections in the order of their ids; where plugins describe one differently, the first plugin's words count. */
function renderSections(listings: readonly Listing[], origin: string): string {
  const sections = new Map<string, { section: Section; items: string[] }>();
  for (const listing of listings) {
    for (const section of listing.sections) {
      const known = sections.get(section.id) ?? { section, items: [] };
      known.items.push(place(listing.sectionItem, origin));
      sections.set(section.id, known);
    }
  }
  const sorted = [...sections.values()].sort((a, b) => (a.section.id < b.section.id ? -1 : 1));
  const rendered = sorted.map(({ section, items }) => {
    const { id, name, description, icon } = section;
    const head = JSON.stringify({ id, name, description, icon }).slice(0, -1);
    return `${head},"plugins":[${items.join(",")}]}`;
  });
  return `[${rendered.join(",")}]`;
}
