import { constants } from "node:fs";
import { copyFile, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { verificationError } from "../../../core/errors.ts";
import { makeDurableDirectory, syncDirectory, writeDurableFile } from "../../storage/durable.ts";
import { digestFile } from "../digest-file.ts";
import { type PackageRecords, recordsSchema } from "./package-records.ts";

/** The files of installed packages, and of those before them, by their sha256. */
export class KeptPackages {
  readonly folder: string;
  readonly #recordsFile: string;

  constructor(stateDir: string) {
    this.folder = join(stateDir, "packages");
    this.#recordsFile = join(stateDir, "packages.json");
  }

  async open(): Promise<void> {
    await makeDurableDirectory(this.folder);
  }

  fileName(sha256: string): string {
    return `${sha256}.deb`;
  }

  path(sha256: string): string {
    return join(this.folder, this.fileName(sha256));
  }

  async has(sha256: string): Promise<boolean> {
    return (await stat(this.path(sha256)).catch(() => undefined)) !== undefined;
  }

  /** Takes a copy of a file. @throws VERIFICATION when it has another digest. */
  async keep(file: string, sha256: string): Promise<string> {
    const path = this.path(sha256);
    if (await this.has(sha256)) return path;
    const temporary = join(this.folder, `${crypto.randomUUID()}.tmp`);
    try {
      await copyFile(file, temporary, constants.COPYFILE_FICLONE);
      const found = await digestFile(temporary, "sha256");
      if (found !== sha256) {
        throw verificationError(`the package ${file} is not the one that was meant: its sha256 is ${found}`);
      }
      const handle = await open(temporary, "r+");
      try {
        await handle.chmod(0o644);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
      await syncDirectory(this.folder);
      return path;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async records(): Promise<PackageRecords> {
    try {
      return recordsSchema.parse(JSON.parse(await readFile(this.#recordsFile, "utf8")));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
      throw error;
    }
  }

  async record(records: PackageRecords): Promise<void> {
    await writeDurableFile(this.#recordsFile, JSON.stringify(records, null, 2), 0o600);
  }

  /** Removes files that are neither installed nor what was before. @returns their digests. */
  async prune(): Promise<string[]> {
    const needed = new Set(
      Object.values(await this.records()).flatMap(({ current, previous }) =>
        [current, previous].flatMap((build) => (build === null ? [] : [this.fileName(build.sha256)])),
      ),
    );
    const unneeded = (await readdir(this.folder)).filter((name) => !needed.has(name));
    for (const name of unneeded) await rm(join(this.folder, name), { force: true });
    return unneeded.filter((name) => name.endsWith(".deb")).map((name) => name.slice(0, -".deb".length));
  }
}
