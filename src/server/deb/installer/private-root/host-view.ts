import {
  chmod,
  chown,
  copyFile,
  lstat,
  readdir,
  readFile,
  readlink,
  rename,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { makeFolders, removeTree } from "../files.ts";
import { hostListNames } from "./host-lists.ts";
import type { Layer } from "./layers.ts";

/** Folders that packages may count on, and their modes where they are not for everybody to read. */
const FOLDERS: Readonly<Record<string, number>> = {
  boot: 0o755,
  dev: 0o755,
  "dev/shm": 0o1777,
  etc: 0o755,
  home: 0o755,
  media: 0o755,
  mnt: 0o755,
  opt: 0o755,
  proc: 0o755,
  root: 0o700,
  run: 0o755,
  "run/lock": 0o1777,
  "run/packages": 0o755,
  srv: 0o755,
  sys: 0o755,
  tmp: 0o1777,
  usr: 0o755,
  "usr/sbin": 0o755,
  "var/backups": 0o755,
  "var/cache/apt/archives/partial": 0o700,
  "var/cache/debconf": 0o755,
  "var/lib/apt/lists/partial": 0o700,
  "var/lib/dpkg/alternatives": 0o755,
  "var/lib/dpkg/info": 0o755,
  "var/lib/dpkg/parts": 0o755,
  "var/lib/dpkg/triggers": 0o755,
  "var/lib/dpkg/updates": 0o755,
  "var/lib/misc": 0o755,
  "var/local": 0o755,
  "var/log/apt": 0o755,
  "var/mail": 0o755,
  "var/opt": 0o755,
  "var/spool": 0o755,
  "var/tmp": 0o1777,
};

/** Files that stand before the host's own of that name. The host's packages are a backdrop: their triggers do not run in here. */
const FILES: Readonly<Record<string, string>> = {
  "var/lib/apt/lists/lock": "",
  "var/lib/dpkg/available": "",
  "var/lib/dpkg/lock": "",
  "var/lib/dpkg/lock-frontend": "",
  "var/lib/dpkg/triggers/File": "",
  "var/lib/dpkg/triggers/Lock": "",
  "var/lib/dpkg/triggers/Unincorp": "",
};

const LINKS: Readonly<Record<string, string>> = {
  "dev/fd": "/proc/self/fd",
  "dev/stdin": "fd/0",
  "dev/stdout": "fd/1",
  "dev/stderr": "fd/2",
  "var/run": "/run",
  "var/lock": "/run/lock",
};

/** The only devices of the host that there are. */
export const DEVICES = ["null", "zero", "full", "random", "urandom", "tty"].map((name) => `/dev/${name}`);

/** Where services are asked for, none is to be started: there is nothing in here that runs on. */
const POLICY = "#!/bin/sh\nexit 101\n";

/** How deep folders of the host's programs are there to be written to by a user who does not own them. */
const WRITABLE_DEPTH = 3;

/**
 * Makes the layer between a private root and the host's programs: a skeleton of a system, with the part of the host's
 * `/etc` that everybody may read. Whole or not at all.
 */
export async function buildHostView(folder: string, layers: readonly Layer[]): Promise<void> {
  const draft = `${folder}.new`;
  await removeTree(draft);
  await makeFolders(draft);
  for (const [path, mode] of Object.entries(FOLDERS)) await makeFolders(join(draft, path), mode);
  for (const [path, content] of Object.entries(FILES)) await makeFile(join(draft, path), content);
  for (const name of await hostListNames()) await makeFile(join(draft, "var/lib/dpkg/info", name), "");
  for (const path of DEVICES) await makeFile(join(draft, path), "");
  for (const [path, target] of Object.entries(LINKS)) await symlink(target, join(draft, path));
  await linkMergedFolders(draft);
  await copyReadable("/etc", join(draft, "etc"));
  await writeAccounts(join(draft, "etc"));
  await writeFile(join(draft, "usr/sbin/policy-rc.d"), POLICY);
  await chmod(join(draft, "usr/sbin/policy-rc.d"), 0o755);
  if (process.geteuid?.() !== 0) {
    for (const { path, host } of layers) {
      if (host !== undefined) await copyFolders(host, join(draft, path), WRITABLE_DEPTH);
    }
  }
  await removeTree(folder);
  await rename(draft, folder);
}

/** For everybody to read, whatever the umask is. */
async function makeFile(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(path, content);
  await chmod(path, 0o644);
}

/** `bin -> usr/bin` and its like, as the host has them. */
async function linkMergedFolders(draft: string): Promise<void> {
  for (const entry of await readdir("/", { withFileTypes: true })) {
    if (!/^(?:s?bin|lib(?:32|64|x32)?)$/.test(entry.name)) continue;
    const path = join(draft, entry.name);
    if (entry.isSymbolicLink()) await symlink(await readlink(join("/", entry.name)), path);
    else await makeFolders(path);
  }
}

/** Copies what every user may read: what only root may is none of a plugin's business. */
async function copyReadable(source: string, target: string): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    if (entry.isSymbolicLink()) {
      await copyLink(from, to);
      continue;
    }
    const found = await lstat(from);
    if (entry.isDirectory() && (found.mode & 0o005) === 0o005) {
      await makeFolders(to, found.mode & 0o7777);
      await copyReadable(from, to);
    } else if (entry.isFile() && (found.mode & 0o004) !== 0) {
      await copyFile(from, to);
      await chmod(to, found.mode & 0o7777);
    } else continue;
    if (isRoot) await chown(to, found.uid, found.gid);
    await utimes(to, found.atime, found.mtime);
  }
}

/** A link to where a plugin cannot look (`/etc/resolv.conf` to `/run`) becomes the file that it leads to. */
async function copyLink(from: string, to: string): Promise<void> {
  const target = await readlink(from);
  const isLost = /^(?:\.\.\/)*\/?run\//.test(target);
  const content = isLost ? await readFile(from).catch(() => undefined) : undefined;
  if (content === undefined) await symlink(target, to);
  else await makeFile(to, content);
}

/** The host's users and groups without their passwords. */
async function writeAccounts(etc: string): Promise<void> {
  const names = async (file: string) =>
    (await readFile(join(etc, file), "utf8").catch(() => ""))
      .split("\n")
      .flatMap((line) => line.split(":", 1))
      .filter(Boolean);
  for (const [file, from, rest] of [
    ["shadow", "passwd", ":*:::::::"],
    ["gshadow", "group", ":*::"],
  ] as const) {
    const lines = (await names(from)).map((name) => `${name}${rest}\n`);
    await writeFile(join(etc, file), lines.join(""), { mode: 0o640 });
  }
}

/** Folders of the same names and modes: a folder is written to as its uppermost layer allows. */
async function copyFolders(source: string, target: string, depth: number): Promise<void> {
  for (const entry of await readdir(source, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(target, entry.name);
    await copyFolder(join(source, entry.name), path);
    if (depth > 1) await copyFolders(join(source, entry.name), path, depth - 1).catch(ignoreRefusal);
  }
}

export async function copyFolder(source: string, target: string): Promise<void> {
  await makeFolders(target, (await stat(source)).mode & 0o7777);
}

const ignoreRefusal = (error: NodeJS.ErrnoException) => {
  if (error.code !== "EACCES") throw error;
};
