/** A package in a server's APT repository. */
export interface PublishedPackage {
  package: string;
  version: string;
  architecture: string;
  /** What APT calls a suite. */
  channel: string;
  /** Lower-case hex. */
  sha256: string;
  sizeBytes: number;
  /** ISO 8601, UTC. */
  publishedAt: string;
}

/** What the hosts of a fleet need to trust the repository. */
export interface RepositoryKey {
  /** Upper-case hex. */
  fingerprint: string;
  /** The public key, ASCII armoured. */
  armored: string;
  /** Base URL for `URIs:` in APT's sources. */
  url: string;
}

/** The APT repository that a server makes of the packages that it has built. */
export interface PackageRepositoryAccess {
  /** By channel and name, newest version first. */
  list(): Promise<PublishedPackage[]>;
  key(): Promise<RepositoryKey>;
  /** Takes all but the `keep` newest versions of each package out. @returns what was, or with `dryRun` would be, taken out. */
  prune(request: {
    keep: number;
    channel?: string | undefined;
    dryRun: boolean;
  }): Promise<PublishedPackage[]>;
}
