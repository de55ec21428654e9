import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, readdir, readFile, rm, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import * as z from "zod/mini";
import { parseParagraphs } from "../../../../core/deb/control.ts";
import { makeDurableDirectory, writeDurableFile } from "../../../storage/durable.ts";
import { diskFull } from "../dpkg.ts";
import { removeTree, syncFileSystem } from "../files.ts";
import { type InstalledPackage, toPackages } from "../package-database.ts";

const STATUS = "/var/lib/dpkg/status";
const INFO = "/var/lib/dpkg/info";

/** Written by maintainer scripts of plugins between two of their steps. */
const RULES = "var/lib/wazo-plugind/rules";

/** Endings of what dpkg writes beside a file while it changes it, or instead of a configuration file that was changed. */
const DRAFTS = [".dpkg-new", ".dpkg-tmp", ".dpkg-old", ".dpkg-dist"];

/** Where dpkg unpacks the scripts of a package first. */
const CONTROL_DRAFTS = ["/var/lib/dpkg/tmp.ci", "/var/lib/dpkg/reassemble.deb"];

const ATTRIBUTES = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls"];

const manifestSchema = z.object({
  /** Paragraphs of the packages that the change touches, by name; null = it was not known to dpkg. */
  packages: z.record(z.string(), z.nullable(z.string())),
  /** Paths that were not there. */
  absent: z.array(z.string()),
  /** How many archives of paths that were there. */
  archives: z.number(),
});

/**
 * What a change of this machine's packages can touch, as it was before: the files of the packages before and after it, and
 * what dpkg knows of them. Durable before anything is changed.
 */
export class Snapshot {
  readonly #folder: string;
  #manifest: z.infer<typeof manifestSchema> = { packages: {}, absent: [], archives: 0 };
  readonly #known = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads what a process before this one has taken. @returns false when it did not come to take any. */
  async read(): Promise<boolean> {
    const text = await readFile(join(this.#folder, "manifest.json"), "utf8").catch(() => undefined);
    if (text === undefined) return false;
    this.#manifest = manifestSchema.parse(JSON.parse(text));
    return true;
  }

  /** True when no command can have touched anything yet. */
  get isEmpty(): boolean {
    return Object.keys(this.#manifest.packages).length === 0;
  }

  /** What dpkg knew of the packages of the change. */
  packages(): { name: string; before: InstalledPackage | undefined }[] {
    return Object.entries(this.#manifest.packages).map(([name, text]) => ({
      name,
      before: toPackages(parseParagraphs(text ?? ""))[0],
    }));
  }

  /** Adds what commands on these packages can touch. */
  async add(change: { paths: readonly string[]; packages: readonly string[] }): Promise<void> {
    const paths = new Set([
      ...change.paths,
      RULES,
      "var/lib/apt/extended_states",
      ...(await filesIn([RULES])),
    ]);
    const { status, info } = await readDatabase();
    for (const name of change.packages) {
      this.#manifest.packages[name] ??= status.get(name) ?? null;
      for (const file of info.get(name) ?? []) {
        paths.add(`var/lib/dpkg/info/${file}`);
        if (!file.endsWith(".list")) continue;
        for (const path of (await readFile(join(INFO, file), "utf8")).split("\n")) {
          if (path.length > 2) paths.add(path.slice(1));
        }
      }
    }
    for (const path of [...paths]) for (const ending of DRAFTS) paths.add(`${path}${ending}`);
    await this.#save([...paths].filter((path) => !this.#known.has(path)));
    for (const path of paths) this.#known.add(path);
  }

  /** Puts everything back, and takes away what was not there. Doing it again changes nothing more. */
  async restore(): Promise<void> {
    const { absent, archives, packages } = this.#manifest;
    // What is deepest goes first, so that folders are empty when it is their turn.
    for (const path of absent.toSorted((one, other) => other.length - one.length))
      await removeIfEmpty(join("/", path));
    const { info } = await readDatabase();
    for (const name of Object.keys(packages)) {
      for (const file of info.get(name) ?? []) await unlink(join(INFO, file));
    }
    for (const path of CONTROL_DRAFTS) await removeTree(path);
    for (let archive = 0; archive < archives; archive++) {
      await tar(["--extract", "--same-permissions", ...ATTRIBUTES, "--file", this.#archive(archive)]);
    }
    await restoreStatus(packages);
  }

  /** Forgets what was before: the change has been undone, or is to stay. */
  async remove(): Promise<void> {
    // Without the list the rest means nothing, however far its removal comes.
    await rm(join(this.#folder, "manifest.json"), { force: true });
    await removeTree(this.#folder);
  }

  async #save(paths: readonly string[]): Promise<void> {
    const found = await Promise.all(paths.map((path) => lstat(join("/", path)).catch(() => undefined)));
    const present = paths.filter((_, index) => found[index] !== undefined);
    await makeDurableDirectory(this.#folder);
    if (present.length > 0) {
      const archive = this.#archive(this.#manifest.archives++);
      const list = ["--no-recursion", "--null", "--verbatim-files-from", "--files-from=-"];
      await tar(["--create", ...list, ...ATTRIBUTES, "--file", archive], present.join("\0"));
      await syncFileSystem(this.#folder);
    }
    this.#manifest.absent.push(...paths.filter((_, index) => found[index] === undefined));
    await writeDurableFile(join(this.#folder, "manifest.json"), JSON.stringify(this.#manifest), 0o600);
  }

  #archive(index: number): string {
    return join(this.#folder, `files-${index}.tar`);
  }
}

/** The paragraphs of a package's name, and names of the files with its scripts and lists. */
async function readDatabase(): Promise<{ status: Map<string, string>; info: Map<string, string[]> }> {
  const status = new Map<string, string>();
  for (const { name, text } of await readParagraphs()) status.set(name, `${status.get(name) ?? ""}${text}`);
  const info = new Map<string, string[]>();
  for (const file of await readdir(INFO)) {
    const [name = ""] = file.slice(0, file.lastIndexOf(".")).split(":");
    info.set(name, [...(info.get(name) ?? []), file]);
  }
  return { status, info };
}

/** As they are written, so that what is put back is so to the byte. */
async function readParagraphs(): Promise<{ name: string; text: string }[]> {
  return splitParagraphs(await readFile(STATUS, "utf8"));
}

function splitParagraphs(status: string): { name: string; text: string }[] {
  return status
    .split("\n\n")
    .filter((paragraph) => paragraph !== "")
    .map((text) => ({ name: /^Package: (\S+)/m.exec(text)?.[1] ?? "", text: `${text}\n\n` }));
}

/** Writes the paragraphs of these packages as they were; of all others, as they are: somebody else may have changed them. */
async function restoreStatus(packages: Readonly<Record<string, string | null>>): Promise<void> {
  const others = (await readParagraphs()).filter(({ name }) => !(name in packages));
  const restored = Object.values(packages).flatMap((text) => splitParagraphs(text ?? ""));
  const all = [...others, ...restored].sort((one, other) =>
    one.name < other.name ? -1 : Number(one.name > other.name),
  );
  await writeDurableFile(STATUS, all.map(({ text }) => text).join(""), 0o644);
}

/** Removes a file, or a folder that nobody else has put anything into. */
async function removeIfEmpty(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isDirectory()) await rmdir(path);
    else await unlink(path);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (!["ENOENT", "ENOTDIR", "ENOTEMPTY"].includes(code)) throw error;
  }
}

/** Paths of the files in folders, all below `/`. */
async function filesIn(folders: readonly string[]): Promise<string[]> {
  const names = await Promise.all(folders.map((folder) => readdir(join("/", folder)).catch(() => [])));
  return folders.flatMap((folder, index) => names[index]?.map((name) => `${folder}/${name}`) ?? []);
}

async function tar(options: readonly string[], names = ""): Promise<void> {
  const child = spawn("tar", ["-C", "/", ...options], { stdio: ["pipe", "ignore", "pipe"] });
  const ended = once(child, "close");
  child.stdin.on("error", () => {});
  child.stdin.end(names);
  const output = await text(child.stderr);
  const [exitCode] = await ended;
  if (output.includes("No space left on device")) throw diskFull();
  if (exitCode !== 0) throw new Error(`tar ended with ${exitCode}: ${output}`);
}
