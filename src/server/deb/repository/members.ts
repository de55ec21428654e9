import type { Transaction } from "kysely";
import { compareVersions } from "../../../core/deb/version.ts";
import type { RepositoryPackage } from "./repository.ts";
import type { RepositoryDatabase, RepositoryTables } from "./tables.ts";

/** A package of a channel, with its paragraph in `Packages` files. */
export interface Member extends RepositoryPackage {
  stanza: string;
}

/** By name, newest version first. */
export const byNameAndVersion = (one: RepositoryPackage, other: RepositoryPackage): number =>
  compareText(one.package, other.package) ||
  compareVersions(other.version, one.version) ||
  compareText(one.architecture, other.architecture);

const compareText = (one: string, other: string) => (one === other ? 0 : one < other ? -1 : 1);

/** What the channels offer, sorted. */
export async function loadMembers(db: RepositoryDatabase): Promise<Member[]> {
  const rows = await db
    .selectFrom("repository_member as member")
    .innerJoin("repository_package as package", "package.sha256", "member.sha256")
    .selectAll("member")
    .select(["package.size_bytes", "package.stanza"])
    .execute();
  return rows
    .map((row) => ({
      package: row.package,
      version: row.version,
      architecture: row.architecture,
      channel: row.channel,
      sha256: row.sha256,
      sizeBytes: row.size_bytes,
      publishedAt: row.published_at,
      stanza: row.stanza,
    }))
    .sort(byNameAndVersion);
}

export async function insertMembers(
  transaction: Transaction<RepositoryTables>,
  members: readonly Member[],
): Promise<void> {
  for (const member of members) {
    const { sha256, package: name, version, architecture } = member;
    await transaction
      .insertInto("repository_package")
      .values({
        sha256,
        package: name,
        version,
        architecture,
        size_bytes: member.sizeBytes,
        stanza: member.stanza,
        unlisted_at: null,
      })
      .onConflict((conflict) => conflict.column("sha256").doUpdateSet({ unlisted_at: null }))
      .execute();
    await transaction
      .insertInto("repository_member")
      .values({
        channel: member.channel,
        package: name,
        version,
        architecture,
        sha256,
        published_at: member.publishedAt,
      })
      .execute();
  }
}

/** The packages themselves stay until no client can be half-way to them. */
export async function removeMembers(
  transaction: Transaction<RepositoryTables>,
  members: readonly Member[],
  now: Date,
): Promise<void> {
  for (const { channel, sha256 } of members) {
    await transaction
      .deleteFrom("repository_member")
      .where("channel", "=", channel)
      .where("sha256", "=", sha256)
      .execute();
    await transaction
      .updateTable("repository_package")
      .set({ unlisted_at: now.toISOString() })
      .where("sha256", "=", sha256)
      .where((where) =>
        where.not(
          where.exists((select) =>
            select.selectFrom("repository_member").select("sha256").where("sha256", "=", sha256),
          ),
        ),
      )
      .execute();
  }
}
