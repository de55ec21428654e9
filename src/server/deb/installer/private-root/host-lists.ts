import { lstatSync, type Stats } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { giveWay } from "../../give-way.ts";

/** Where dpkg keeps the list of files of each package of the host. */
const HOST_INFO = "/var/lib/dpkg/info";

/** The package that a list of files belongs to; where there may be several of a name, its architecture is in the name. */
const LIST = /^([^:]+)(?::[^:]+)?\.list$/;

/** Names of the lists of files of the host's packages. */
export const hostListNames = async (): Promise<string[]> =>
  (await readdir(HOST_INFO)).filter((name) => LIST.test(name));

/** The package that a list belongs to. */
export const packageOfList = (name: string): string => LIST.exec(name)?.[1] ?? "";

/**
 * The host's lists of files that dpkg needs for a change, by name. In a private root they are empty otherwise: dpkg reads all
 * of them each time, which takes longer than a whole change.
 * @param change.paths what the packages put into place and what those before them did, relative to the root.
 * @param change.packages names of the packages that are changed.
 * @param change.bystander a package of the host that is none of them: folders that the host has count as its own, so that dpkg
 * leaves them where they are.
 */
export async function hostListsFor({
  paths,
  packages,
  bystander,
}: {
  paths: ReadonlySet<string>;
  packages: ReadonlySet<string>;
  bystander: string | undefined;
}): Promise<Map<string, string>> {
  const { folders, others } = await presentPaths(paths);
  const lists = new Map<string, string>();
  for (const name of await hostListNames()) {
    const owner = packageOfList(name);
    const isNeeded = packages.has(owner) || owner === bystander;
    if (!isNeeded && others.length === 0) continue;
    const text = await readFile(join(HOST_INFO, name), "utf8");
    const lines = `\n${text}`;
    if (isNeeded || others.some((path) => lines.includes(`\n/${path}\n`))) {
      lists.set(name, owner === bystander ? text + folders.map((path) => `/${path}\n`).join("") : text);
    }
  }
  return lists;
}

/** Those that the host has: folders, which packages share, and everything else, which they do not. */
async function presentPaths(paths: ReadonlySet<string>): Promise<{ folders: string[]; others: string[] }> {
  const folders: string[] = [];
  const others: string[] = [];
  for (const path of paths) {
    await giveWay();
    let found: Stats | undefined;
    try {
      found = lstatSync(join("/", path), { throwIfNoEntry: false });
      if (found === undefined) continue;
    } catch {
      // What cannot be looked at may be there.
    }
    if (found?.isDirectory()) folders.push(path);
    else others.push(path);
  }
  return { folders, others };
}
