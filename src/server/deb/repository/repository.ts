import type { Paragraph } from "../../../core/deb/control.ts";

/** A package within the repository. */
export interface RepositoryPackage {
  package: string;
  version: string;
  architecture: string;
  channel: string;
  sha256: string;
  sizeBytes: number;
  publishedAt: string;
}

/** The signed APT repository at `/apt`: `deb [signed-by=…] http://host/apt <channel> main`. */
export interface PackageRepository {
  /**
   * Adds a package to a channel (suite); durable when it resolves. The same bytes again change nothing.
   * @param control its control paragraph; undefined = it is read from the file.
   * @throws CONFLICT (other bytes under that version), INVALID.
   */
  add(file: string, channel: string, control?: Paragraph): Promise<RepositoryPackage>;
  list(): Promise<RepositoryPackage[]>;
  /** Takes old versions out. @returns what was, or with `dryRun` would be, taken out. */
  prune(options: {
    keep: number;
    channel?: string | undefined;
    dryRun: boolean;
  }): Promise<RepositoryPackage[]>;
  /** The public key that clients trust, ASCII armoured, and its fingerprint (upper-case hex). */
  key(): Promise<{ fingerprint: string; armored: string }>;
}
