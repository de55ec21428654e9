export interface SourcesFacts {
  /** Base URL of the repository. */
  url: string;
  channel: string;
  /** Public key. */
  armored: string;
}

/**
 * A file for `/etc/apt/sources.list.d/` (deb822) that holds the key as well: it is trusted for this repository alone. Read by
 * APT from 2.3.10 on (Debian 12).
 */
export function sourcesText({ url, channel, armored }: SourcesFacts): string {
  const key = armored
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => ` ${line === "" ? "." : line}`);
  return [
    "Types: deb",
    `URIs: ${url}`,
    `Suites: ${channel}`,
    "Components: main",
    "Signed-By:",
    ...key,
    "",
  ].join("\n");
}
