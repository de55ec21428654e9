import { execFile } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PluginDescription } from "../../../core/deb/plugin-description.ts";
import { invalidError } from "../../../core/errors.ts";
import { digestFile } from "../digest-file.ts";
import { giveWay } from "../give-way.ts";
import type { BuiltPackage } from "./builder.ts";
import { controlParagraph } from "./control-file.ts";
import { documents } from "./documents.ts";
import type { BuildLimits } from "./limits.ts";
import { maintainerScripts, pluginFolder } from "./maintainer-scripts.ts";
import { listPackage, makeFolder, type PackageEntry, refused, setTimes } from "./package-tree.ts";
import { packageWarnings } from "./package-warnings.ts";

const run = promisify(execFile);

/** A tenth of the time of dpkg-deb's own way. Lintian takes zstd, which would be quicker still, for a fault. */
const COMPRESSION = ["-Zgzip", "-z1"];

export interface PackOptions {
  /** The plugin's folder, of which `wazo` goes into the package. */
  source: string;
  /** What `rules package` has filled, and which is added to. */
  folder: string;
  /** The package to write. */
  file: string;
  description: PluginDescription;
  /** Seconds since 1970. */
  sourceDate: number;
  limits: BuildLimits;
  signal: AbortSignal;
}

/**
 * Makes a package of a folder: adds the plugin's description and rules, what Debian wants to be there, and the control
 * files. Nothing of the plugin's may run any more.
 * @throws INVALID for what no package of a plugin may hold.
 */
export async function pack(options: PackOptions): Promise<BuiltPackage> {
  const { folder, description, sourceDate, limits } = options;
  const shipped = await listPackage(folder, limits);
  refuseTaken(folder, ["DEBIAN", pluginFolder(description)]);
  await addWazoFolder(options);
  const etc = etcFiles(shipped);
  const ownsEtc = etc.length > 0 && !description.conffiles;
  for (const [path, content] of documents(description, { sourceDate, ownsEtc })) {
    addFile(folder, path, content);
  }
  const entries = await listPackage(folder, limits);
  const control = controlParagraph(description, installedKiB(entries));
  const debian = join(folder, "DEBIAN");
  mkdirSync(debian);
  chmodSync(debian, 0o755);
  writeFileSync(join(debian, "control"), String(control), { mode: 0o644 });
  if (etc.length > 0 && description.conffiles) {
    const lines = etc.map((path) => `/${path}\n`);
    writeFileSync(join(debian, "conffiles"), lines.join(""), { mode: 0o644 });
  }
  writeFileSync(join(debian, "md5sums"), await md5sums(folder, entries), { mode: 0o644 });
  for (const [name, text] of Object.entries(maintainerScripts(description))) {
    writeFileSync(join(debian, name), text);
    chmodSync(join(debian, name), 0o755);
  }
  await setTimes(folder, await listPackage(folder, limits), sourceDate);
  await runDpkgDeb(options);
  return {
    file: options.file,
    package: control.get("Package") ?? "",
    version: description.version,
    architecture: control.get("Architecture") ?? "",
    sha256: await digestFile(options.file, "sha256"),
    sizeBytes: statSync(options.file).size,
    contents: { control, paths: entries.map(({ path }) => path) },
    warnings: packageWarnings(shipped),
  };
}

/** Links are none: dpkg takes plain files only. */
const etcFiles = (entries: readonly PackageEntry[]): string[] =>
  entries.filter(({ kind, path }) => kind === "file" && path.startsWith("etc/")).map(({ path }) => path);

function refuseTaken(folder: string, paths: readonly string[]): void {
  for (const path of paths) {
    if (exists(join(folder, path)))
      throw refused(`has ${JSON.stringify(path)}, which is not for the plugin to make`);
  }
}

/** As it is after the steps, which may have written into it. It is root that runs the rules: nobody else may write them. */
async function addWazoFolder({ source, folder, description, limits }: PackOptions): Promise<void> {
  const from = join(source, "wazo");
  if (!lstatSync(from).isDirectory()) throw refused('gets no folder "wazo": the plugin has replaced it');
  const path = pluginFolder(description);
  const entries = await listPackage(from, limits, path.split("/").length + 1);
  const to = join(makeFolder(folder, path), "wazo");
  mkdirSync(to);
  chmodSync(to, 0o755);
  for (const { path, kind } of entries) {
    const [source, target] = [join(from, path), join(to, path)];
    await giveWay();
    if (kind === "link") symlinkSync(readlinkSync(source), target);
    else {
      if (kind === "folder") mkdirSync(target);
      else await copyFile(source, target);
      chmodSync(target, kind === "folder" || lstatSync(source).mode & 0o100 ? 0o755 : 0o644);
    }
  }
  const rules = entries.find(({ path }) => path === "rules");
  if (rules?.kind !== "file") throw refused("gets no wazo/rules: the plugin has taken them away");
  chmodSync(join(to, "rules"), 0o755);
}

/** Adds a file of ours, unless the plugin has made it. */
function addFile(folder: string, path: string, content: string | Uint8Array): void {
  if (exists(join(folder, path))) return;
  makeFolder(folder, path.slice(0, path.lastIndexOf("/")));
  writeFileSync(join(folder, path), content, { flag: "wx" });
  chmodSync(join(folder, path), 0o644);
}

const exists = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** As Debian counts it: files in whole kibibytes, everything else as one. */
const installedKiB = (entries: readonly PackageEntry[]) =>
  entries.reduce((sum, { kind, size }) => sum + (kind === "file" ? Math.ceil(size / 1024) : 1), 0);

async function md5sums(folder: string, entries: readonly PackageEntry[]): Promise<string> {
  let text = "";
  for (const { path, kind } of entries) {
    if (kind === "file") text += `${await digestFile(join(folder, path), "md5")}  ${path}\n`;
  }
  return text;
}

async function runDpkgDeb({ folder, file, sourceDate, signal }: PackOptions): Promise<void> {
  const words = ["--root-owner-group", ...COMPRESSION, "--build", folder, file];
  const env = { PATH: process.env.PATH, LC_ALL: "C", SOURCE_DATE_EPOCH: String(sourceDate) };
  try {
    await run("dpkg-deb", words, { env, signal });
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    const said = stderr.split("\n").find((line) => line.includes("error:")) ?? stderr;
    if (said === "") throw error;
    throw invalidError(`dpkg-deb makes no package of it: ${said.replace(/^.*error:\s*/, "").trim()}`, {
      cause: error,
    });
  }
}
