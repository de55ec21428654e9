import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeTempDir } from "./temp-dir.ts";

export interface AptResult {
  code: number;
  /** stdout and stderr. */
  text: string;
}

export interface AptClient {
  /** The tree that packages go into. */
  root: string;
  /** Replaces what `sources.list.d` has. */
  useSources(text: string): Promise<void>;
  apt(...args: string[]): Promise<AptResult>;
  /** dpkg's status file. */
  status(): Promise<string>;
}

const FOLDERS = [
  ...["apt.conf.d", "preferences.d", "auth.conf.d", "sources.list.d", "trusted.gpg.d"].map(
    (name) => `etc/apt/${name}`,
  ),
  "var/lib/apt/lists/partial",
  "var/cache/apt/archives/partial",
  "var/lib/dpkg/updates",
  "var/log/apt",
];

/** This machine's APT over a state, a cache and a tree of its own, which goes away with the test. */
export async function makeAptClient(): Promise<AptClient> {
  const root = await makeTempDir();
  for (const folder of FOLDERS) await mkdir(join(root, folder), { recursive: true });
  const status = join(root, "var/lib/dpkg/status");
  await writeFile(status, "");
  const config = join(root, "etc/apt/client.conf");
  await writeFile(
    config,
    [
      `Dir "${root}";`,
      `Dir::State::status "${status}";`,
      'Dir::Bin::methods "/usr/lib/apt/methods";',
      'APT::Sandbox::User "root";',
      'Acquire::Languages "none";',
      'Acquire::http::Proxy "DIRECT";',
      'Acquire::Retries "0";',
      `DPkg::Options { "--root=${root}"; "--force-not-root"; };`,
      "",
    ].join("\n"),
  );
  return {
    root,
    useSources: (text) => writeFile(join(root, "etc/apt/sources.list.d/plugctl.sources"), text),
    status: () => readFile(status, "utf8"),
    apt: (...args) =>
      new Promise((resolve) => {
        const env = {
          PATH: process.env.PATH,
          LC_ALL: "C",
          APT_CONFIG: config,
          DEBIAN_FRONTEND: "noninteractive",
        };
        execFile("apt-get", args, { env, timeout: 60_000 }, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: stdout + stderr }),
        );
      }),
  };
}
