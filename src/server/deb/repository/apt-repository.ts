import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { Transaction } from "kysely";
import type { Paragraph } from "../../../core/deb/control.ts";
import { conflictError, invalidError } from "../../../core/errors.ts";
import type { BackgroundJob, ServerContext } from "../../module.ts";
import { DATA_FILES } from "../../storage/data-directory.ts";
import { type Generation, type IndexFile, makeGeneration } from "./generation.ts";
import { findIndex, forgetOld, insertGeneration, loadGenerations } from "./generations.ts";
import { byNameAndVersion, insertMembers, loadMembers, type Member, removeMembers } from "./members.ts";
import { checkControl, readControl } from "./package-control.ts";
import { packageStanza, poolName } from "./package-index.ts";
import type { PackageRepository, RepositoryPackage } from "./repository.ts";
import { openSigningKey, type SigningKey } from "./signing-key.ts";
import type { RepositoryDatabase, RepositoryTables } from "./tables.ts";

const HOUR_MS = 3600_000;
/** So long clients believe a state; after that APT takes a mirror that stands still for an attack. */
const VALID_MS = 7 * 24 * HOUR_MS;
const RENEW_BEFORE_MS = 6 * 24 * HOUR_MS;
/** Hosts may follow it before anything was published. */
const DEFAULT_CHANNEL = "main";
const MAX_BYTES = 2 * 1024 ** 3;

export type RepositoryContext = Pick<ServerContext, "dataDir" | "database" | "blobs" | "now">;

interface Channel {
  members: readonly Member[];
  generation: Generation;
  /** The state before it has the same date, so a client's date cannot tell them apart. */
  sharesDate: boolean;
}

/** One that waits to be published together with others. */
interface Addition {
  member: Member;
  outcome?: { member: Member } | { error: unknown };
}

/** A file of the pool. */
export interface PoolFile {
  name: string;
  sizeBytes: number;
}

type InTransaction = (transaction: Transaction<RepositoryTables>) => Promise<void>;

/** Opens the repository with its key, and makes both at first use. @throws CONFIG for a key that cannot be used. */
export async function createRepository(context: RepositoryContext): Promise<AptRepository> {
  const { dataDir, now } = context;
  const key = await openSigningKey(join(dataDir, DATA_FILES.repositoryKey), now);
  const repository = new AptRepository(context, key);
  await repository.open();
  return repository;
}

/**
 * The repository over the database and the blob store. A change and the signed state that shows it are one transaction; clients
 * see the state before it or the one after it, whatever happens between.
 */
export class AptRepository implements PackageRepository {
  readonly #context: RepositoryContext;
  readonly #db: RepositoryDatabase;
  readonly #key: SigningKey;
  readonly #channels = new Map<string, Channel>();
  #waiting: Addition[] = [];
  /** Changes run one at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  readonly jobs: readonly BackgroundJob[] = [
    { name: "deb.repository", everyMs: HOUR_MS, run: () => this.renew() },
  ];

  constructor(context: RepositoryContext, key: SigningKey) {
    this.#context = context;
    this.#db = context.database.$extendTables<RepositoryTables>();
    this.#key = key;
  }

  /** Reads what is there, and signs it anew: the key may be another one than at the last start. */
  async open(): Promise<void> {
    const generations = await loadGenerations(this.#db);
    const members = Map.groupBy(await loadMembers(this.#db), ({ channel }) => channel);
    for (const channel of new Set([DEFAULT_CHANNEL, ...generations.keys()])) {
      await this.#release(channel, members.get(channel) ?? [], generations.get(channel));
    }
  }

  async add(file: string, channel: string, known?: Paragraph): Promise<RepositoryPackage> {
    if (!/^[a-z0-9][a-z0-9.-]{0,62}$/.test(channel)) {
      throw invalidError(`${JSON.stringify(channel)} is no name of a channel`);
    }
    const { control, ...names } = known === undefined ? await readControl(file) : checkControl(known);
    const { blobs, now } = this.#context;
    const { sha256, size: sizeBytes } = await blobs.put(createReadStream(file), { maxBytes: MAX_BYTES });
    const stanza = packageStanza({ ...names, control, sha256, sizeBytes });
    const publishedAt = now().toISOString();
    const addition: Addition = { member: { ...names, channel, sha256, sizeBytes, publishedAt, stanza } };
    this.#waiting.push(addition);
    await this.#inTurn(() => this.#addWaiting());
    if (addition.outcome === undefined) throw new Error("a package was left out");
    if ("error" in addition.outcome) throw addition.outcome.error;
    return withoutStanza(addition.outcome.member);
  }

  async list(): Promise<RepositoryPackage[]> {
    return [...this.#channels]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, { members }]) => members.map(withoutStanza));
  }

  /** @param alongside is part of each channel's change: it stands or falls with it. */
  prune(
    { keep, channel, dryRun }: { keep: number; channel?: string | undefined; dryRun: boolean },
    alongside?: (
      removed: readonly RepositoryPackage[],
      ...[transaction]: Parameters<InTransaction>
    ) => Promise<void>,
  ): Promise<RepositoryPackage[]> {
    return this.#inTurn(async () => {
      const removed: RepositoryPackage[] = [];
      for (const [name, { members, generation }] of this.#channels) {
        if (channel !== undefined && name !== channel) continue;
        const old = oldVersions(members, keep);
        if (old.length === 0) continue;
        const gone = old.map(withoutStanza);
        removed.push(...gone);
        if (dryRun) continue;
        const kept = members.filter((member) => !old.includes(member));
        await this.#release(name, kept, generation, async (transaction) => {
          await removeMembers(transaction, old, this.#context.now());
          await alongside?.(gone, transaction);
        });
      }
      return removed;
    });
  }

  async key(): Promise<{ fingerprint: string; armored: string }> {
    return { fingerprint: this.#key.fingerprint, armored: this.#key.armored };
  }

  /** The state of a channel that clients get. */
  channel(name: string): Pick<Channel, "generation" | "sharesDate"> | undefined {
    return this.#channels.get(name);
  }

  /** An index of a state that is kept, by the digest of its text or of its compressed form. */
  async index(sha256: string): Promise<IndexFile | undefined> {
    for (const { generation } of this.#channels.values()) {
      for (const index of generation.indexes.values()) {
        if (index.sha256 === sha256 || index.gzipSha256 === sha256) return index;
      }
    }
    return findIndex(this.#db, sha256);
  }

  async poolFile(sha256: string): Promise<PoolFile | undefined> {
    const row = await this.#db
      .selectFrom("repository_package")
      .select(["package", "version", "architecture", "size_bytes"])
      .where("sha256", "=", sha256)
      .executeTakeFirst();
    return row === undefined ? undefined : { name: poolName(row), sizeBytes: row.size_bytes };
  }

  /** Signs states anew that will not be believed for long, or that a date does not tell apart; forgets old ones. */
  renew(): Promise<void> {
    return this.#inTurn(async () => {
      const now = this.#context.now();
      for (const [name, { members, generation, sharesDate }] of this.#channels) {
        const isFresh = generation.validUntil.getTime() - now.getTime() > RENEW_BEFORE_MS;
        if (!isFresh || sharesDate) await this.#release(name, members, generation);
      }
      await this.#db.transaction().execute((transaction) => forgetOld(transaction, now));
    });
  }

  /** All that wait are published at once: the first who gets its turn does it for the others. */
  async #addWaiting(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [channel, additions] of Map.groupBy(waiting, ({ member }) => member.channel)) {
      try {
        await this.#addTo(channel, additions);
      } catch (error) {
        for (const addition of additions) addition.outcome ??= { error };
      }
    }
  }

  async #addTo(channel: string, additions: readonly Addition[]): Promise<void> {
    const fresh: Member[] = [];
    const accepted: Addition[] = [];
    for (const addition of additions) {
      const { member } = addition;
      const same = [...this.#allMembers(), ...fresh].filter((other) => isSameVersion(member, other));
      const other = same.find(({ sha256 }) => sha256 !== member.sha256);
      const present = same.find((known) => known.channel === channel);
      if (other !== undefined) addition.outcome = { error: otherContent(member, other) };
      else if (present !== undefined && !fresh.includes(present)) addition.outcome = { member: present };
      else {
        if (present === undefined) fresh.push(member);
        accepted.push(addition);
      }
    }
    if (fresh.length > 0) {
      const before = this.#channels.get(channel);
      const members = [...(before?.members ?? []), ...fresh].sort(byNameAndVersion);
      await this.#release(channel, members, before?.generation, (transaction) =>
        insertMembers(transaction, fresh),
      );
    }
    for (const addition of accepted) addition.outcome = { member: addition.member };
  }

  *#allMembers(): Generator<Member> {
    for (const { members } of this.#channels.values()) yield* members;
  }

  /** Makes the next state of a channel, durably. */
  async #release(
    channel: string,
    members: readonly Member[],
    previous: Generation | undefined,
    change: InTransaction = async () => {},
  ): Promise<void> {
    const now = this.#context.now();
    const facts = { channel, packages: members, previous, now, validMs: VALID_MS };
    const generation = await makeGeneration(facts, this.#key);
    await this.#db.transaction().execute(async (transaction) => {
      await change(transaction);
      await insertGeneration(transaction, generation, now);
      await forgetOld(transaction, now);
    });
    const sharesDate = previous?.releasedAt.getTime() === generation.releasedAt.getTime();
    this.#channels.set(channel, { members, generation, sharesDate });
  }

  #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(run);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

/** sha256 of every blob that an index of a kept state names. */
export async function* repositoryBlobs(db: RepositoryDatabase): AsyncGenerator<string> {
  for (const { sha256 } of await db.selectFrom("repository_package").select("sha256").execute()) yield sha256;
}

const withoutStanza = ({ stanza: _stanza, ...item }: Member): RepositoryPackage => item;

const isSameVersion = (one: Member, other: Member) =>
  one.package === other.package && one.version === other.version && one.architecture === other.architecture;

const otherContent = (member: Member, other: Member) =>
  conflictError(
    `${member.package} ${member.version} (${member.architecture}) is in the repository with other content`,
    {
      hint: "give the changed package a new version: hosts do not fetch one that they have again",
      details: { sha256: member.sha256, published: other.sha256, channel: other.channel },
    },
  );

/** All but the newest of each package; members are sorted, newest first. */
function oldVersions(members: readonly Member[], keep: number): Member[] {
  const groups = Map.groupBy(members, (item) => `${item.package}:${item.architecture}`);
  return [...groups.values()].flatMap((versions) => versions.slice(keep));
}
