import { execFileSync } from "node:child_process";
import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BuildIsolation, BuiltPackage } from "../../src/server/deb/builder/builder.ts";
import { createPackageBuilder } from "../../src/server/deb/builder/create.ts";
import type { BuildLimits } from "../../src/server/deb/builder/limits.ts";
import { describeTree } from "../../src/server/deb/sources/describe.ts";
import { createSourceFetcher } from "../../src/server/deb/sources/fetcher.ts";
import { makeRepository, type TestRepository } from "./git-repository.ts";
import { makeTempDir } from "./temp-dir.ts";

/** A plugin as files: `wazo/plugin.yml` and executable `wazo/rules`, whose cases are shell commands. */
export function pluginFiles(
  steps: { build?: string; package?: string; install?: string; uninstall?: string; postrm?: string } = {},
  description = "namespace: acme\nname: hello\nversion: 1.10\n",
): Record<string, string> {
  const cases = Object.entries({ build: ":", package: ":", install: ":", uninstall: ":", ...steps });
  const body = cases.map(([step, commands]) => `${step})\n${commands}\n;;\n`).join("");
  return {
    "wazo/plugin.yml": description,
    "wazo/rules": `#!/bin/sh\nset -e\ncase "$1" in\n${body}*) exit 64 ;;\nesac\n`,
  };
}

/** A repository of a plugin, its rules executable. */
export async function pluginRepository(files: Record<string, string>): Promise<TestRepository> {
  const repository = await makeRepository();
  repository.commit(files);
  repository.git("update-index", "--chmod=+x", "wazo/rules");
  repository.git("commit", "--quiet", "--message=x");
  repository.git("checkout", "--quiet", "--force", "HEAD");
  return repository;
}

export interface BuildOptions {
  isolation?: BuildIsolation;
  limits?: Partial<BuildLimits>;
  signal?: AbortSignal;
}

/** A workshop for plugins in a folder that goes away with the test. */
export async function makeWorkshop() {
  const dataDir = await makeTempDir();
  const sources = createSourceFetcher({
    folder: join(dataDir, "sources"),
    blobs: { open: async (path) => createReadStream(path) },
    closed: [dataDir],
  });
  const steps: string[] = [];
  let log = "";
  const follow = (signal = new AbortController().signal) => ({
    onStep: (step: string) => void steps.push(step),
    log: (text: string) => {
      log += text;
    },
    signal,
  });
  async function buildFrom(url: string, options: BuildOptions = {}): Promise<BuiltPackage> {
    const source = { type: "git", url, ref: undefined, directory: undefined } as const;
    const tree = await sources.fetch(source, follow());
    const builder = createPackageBuilder({
      folder: join(dataDir, "packages"),
      isolation: options.isolation ?? "isolated",
      hidden: [dataDir],
      limits: options.limits,
    });
    try {
      const description = await describeTree(tree, { wazoVersion: undefined });
      return await builder.build(tree, description, follow(options.signal));
    } finally {
      await sources.discard(tree);
    }
  }
  return {
    dataDir,
    sources,
    steps,
    follow,
    buildFrom,
    log: () => log,
    build: async (files: Record<string, string>, options: BuildOptions = {}) =>
      buildFrom((await pluginRepository(files)).url, options),
    /** Names of what is left in the folders of sources and packages. */
    async left(): Promise<string[]> {
      const folders = await Promise.all(
        ["sources", "packages"].map((name) => readdir(join(dataDir, name)).catch(() => [])),
      );
      return folders.flat();
    },
  };
}

/** Writes files below a folder. */
export async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
    if (path.endsWith("rules")) await chmod(join(folder, path), 0o755);
  }
}

/** Files and folders of a package, as `dpkg-deb --contents` shows them, by path. */
export function contentsOf(file: string): Map<string, { mode: string; owner: string; target?: string }> {
  const listing = execFileSync("dpkg-deb", ["--contents", file], { encoding: "utf8" });
  return new Map(
    listing
      .trim()
      .split("\n")
      .map((line) => {
        const [mode = "", owner = "", , , , path = "", , target] = line.split(/\s+/);
        return [path, { mode, owner, ...(target !== undefined && { target }) }];
      }),
  );
}

/** Numbers of all processes with that command line. */
export const processesWith = (commandLine: string): string[] =>
  readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() === commandLine;
    } catch {
      return false;
    }
  });
