import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { packagesTexts, type ReleaseFile, releaseText } from "./package-index.ts";
import type { SigningKey } from "./signing-key.ts";

const compress = promisify(gzip);

/** A `Packages` file, kept compressed: its text comes out of it whenever somebody asks for that. */
export interface IndexFile {
  /** Of the text. */
  sha256: string;
  /** Of the text. */
  sizeBytes: number;
  gzip: Uint8Array;
  gzipSha256: string;
}

/** One signed state of a channel: all files of it belong together. */
export interface Generation {
  channel: string;
  number: number;
  releasedAt: Date;
  validUntil: Date;
  release: string;
  inRelease: string;
  /** Detached, over `release`. */
  signature: string;
  /** By architecture. */
  indexes: ReadonlyMap<string, IndexFile>;
}

export interface GenerationFacts {
  channel: string;
  /** Sorted. */
  packages: readonly { architecture: string; stanza: string }[];
  previous: Pick<Generation, "number" | "releasedAt"> | undefined;
  now: Date;
  validMs: number;
}

const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");

/** The next state of a channel. */
export async function makeGeneration(facts: GenerationFacts, key: SigningKey): Promise<Generation> {
  const { channel, packages, previous, validMs } = facts;
  const indexes = await makeIndexes(packages);
  // APT refuses a state that is older than the one it has, so a clock that goes back must not make one.
  const releasedAt = new Date(
    Math.max(Math.floor(facts.now.getTime() / 1000) * 1000, previous?.releasedAt.getTime() ?? 0),
  );
  const validUntil = new Date(releasedAt.getTime() + validMs);
  const release = releaseText({ channel, date: releasedAt, validUntil, files: releaseFiles(indexes) });
  return {
    channel,
    number: (previous?.number ?? 0) + 1,
    releasedAt,
    validUntil,
    release,
    inRelease: await key.signInline(release),
    signature: await key.signDetached(release),
    indexes,
  };
}

async function makeIndexes(packages: GenerationFacts["packages"]): Promise<Map<string, IndexFile>> {
  // Most packages are the same on all architectures, and so are the texts then.
  const byText = new Map<string, Promise<IndexFile>>();
  const indexes = new Map<string, IndexFile>();
  for (const [architecture, text] of packagesTexts(packages)) {
    const made = byText.get(text) ?? makeIndex(text);
    byText.set(text, made);
    indexes.set(architecture, await made);
  }
  return indexes;
}

async function makeIndex(text: string): Promise<IndexFile> {
  const content = Buffer.from(text);
  const packed = await compress(content);
  return { sha256: sha256(content), sizeBytes: content.length, gzip: packed, gzipSha256: sha256(packed) };
}

function releaseFiles(indexes: ReadonlyMap<string, IndexFile>): ReleaseFile[] {
  return [...indexes].flatMap(([architecture, index]) => {
    const path = `main/binary-${architecture}/Packages`;
    return [
      { path, sizeBytes: index.sizeBytes, sha256: index.sha256 },
      { path: `${path}.gz`, sizeBytes: index.gzip.length, sha256: index.gzipSha256 },
    ];
  });
}
