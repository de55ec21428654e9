import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { constants } from "node:fs";
import { lstat, open, readlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type PluginId, packageName } from "../../../core/deb/package-name.ts";
import { notFoundError } from "../../../core/errors.ts";
import { type PackageEntry, readEntries } from "./deb-file.ts";
import { folderWithin, readWithin } from "./files.ts";
import type { FileProblem } from "./installer.ts";
import type { KeptPackages } from "./kept-packages.ts";
import type { InstalledPackage } from "./package-database.ts";
import type { PackageRoot } from "./root.ts";

/** Larger than a list of digests is. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;

/**
 * Compares the files of an installed plugin with the package that they came from, or, when that is not kept, with the
 * digests that dpkg has of them. Configuration files are the administrator's to change.
 * @throws NOT_FOUND when it is not installed.
 */
export async function verifyPlugin(
  id: PluginId,
  root: PackageRoot,
  kept: KeptPackages,
): Promise<FileProblem[]> {
  const name = packageName(id);
  const installed = (await root.packages()).own.find((one) => one.name === name);
  if (installed === undefined || installed.status === "config-files") {
    throw notFoundError(`the plugin ${id.namespace}/${id.name} is not installed`);
  }
  const current = (await kept.records())[name]?.current;
  const conffiles = conffilesOf(installed);
  const problems: FileProblem[] = [];
  if (current?.version === installed.version && (await kept.has(current.sha256))) {
    for await (const entry of readEntries(kept.path(current.sha256))) {
      const problem = await compareEntry(entry, root.folder, conffiles);
      if (problem !== undefined) problems.push({ path: `/${entry.path}`, problem });
    }
  } else {
    const list = await readWithin(root.folder, `var/lib/dpkg/info/${name}.md5sums`, MAX_LIST_BYTES);
    for (const [, md5 = "", path = ""] of (list ?? "").matchAll(/^([0-9a-f]{32}) {2}(.+)$/gm)) {
      const problem = await compareDigest(join(root.folder, path), md5, "md5", path, root.folder);
      if (problem !== undefined) problems.push({ path: `/${path}`, problem });
    }
  }
  return problems;
}

/** ` /etc/x <md5>` lines. */
const conffilesOf = ({ fields }: InstalledPackage): Set<string> =>
  new Set([...(fields.get("Conffiles") ?? "").matchAll(/^ \/(.+) \S+$/gm)].map(([, path = ""]) => path));

async function compareEntry(
  { path, header, content }: PackageEntry,
  folder: string,
  conffiles: ReadonlySet<string>,
): Promise<FileProblem["problem"] | undefined> {
  const digest = createHash("sha256");
  for await (const chunk of content) digest.update(chunk);
  if (path === "") return undefined;
  const file = join(folder, path);
  const found = await find(folder, path);
  if (found === undefined) return "missing";
  switch (header.type) {
    case "directory":
      if (!found.isDirectory()) return "changed";
      // dpkg leaves a folder that was there as it was.
      return undefined;
    case "symlink":
      if (!found.isSymbolicLink() || (await readlink(file)) !== header.linkname) return "changed";
      return hasOwner(found, header) ? undefined : "owner";
    case "link":
      return found.isFile() ? undefined : "changed";
    case "file":
    case "contiguous-file": {
      if (!found.isFile()) return "changed";
      if (!conffiles.has(path)) {
        if (found.size !== header.size) return "changed";
        const problem = await compareDigest(file, digest.digest("hex"), "sha256", path, folder);
        if (problem !== undefined) return problem;
      }
      if ((found.mode & 0o7777) !== ((header.mode ?? 0) & 0o7777)) return "mode";
      return hasOwner(found, header) ? undefined : "owner";
    }
    default:
      return undefined;
  }
}

async function compareDigest(
  file: string,
  expected: string,
  algorithm: string,
  path: string,
  folder: string,
): Promise<"missing" | "changed" | undefined> {
  const found = await find(folder, path);
  if (found === undefined) return "missing";
  if (!found.isFile()) return "changed";
  const hash = createHash(algorithm);
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  for await (const chunk of handle.createReadStream()) hash.update(chunk);
  return hash.digest("hex") === expected ? undefined : "changed";
}

/** A path that a link leads out of the tree is as good as missing. */
async function find(folder: string, path: string): Promise<Stats | undefined> {
  const parent = await folderWithin(folder, dirname(path) === "." ? "" : dirname(path)).catch(
    () => undefined,
  );
  return parent === undefined ? undefined : await lstat(join(parent, basename(path))).catch(() => undefined);
}

/** Root's files belong to whoever the root's root is here. Other owners are names in the root, not numbers. */
function hasOwner(found: Stats, header: PackageEntry["header"]): boolean {
  return header.uid !== 0 || found.uid === process.geteuid?.();
}
