import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { PLUGIN_SECTION, type PluginId, pluginOfPackage } from "../../../core/deb/package-name.ts";
import { invalidError } from "../../../core/errors.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import type { OfferedPackage } from "../installer/installer.ts";
import { readControl } from "../repository/package-control.ts";
import { checkContents } from "./package-contents.ts";

/** The file of a package of a plugin; whoever has it removes it. */
export interface PackageFile extends OfferedPackage {
  plugin: PluginId;
}

/** Packages in the blob store, and files of them for the programs that install them. */
export class KeptPackages {
  readonly #blobs: BlobStore;
  readonly #folder: string;

  private constructor(blobs: BlobStore, folder: string) {
    this.#blobs = blobs;
    this.#folder = folder;
  }

  /** @param folder for files. */
  static async open(blobs: BlobStore, folder: string): Promise<KeptPackages> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new KeptPackages(blobs, folder);
  }

  /** Stores a package; durable when it resolves. */
  async keep(file: string): Promise<void> {
    await this.#blobs.put(createReadStream(file));
  }

  /** @throws INVALID for what is no package of a plugin, or has in it what none may have. */
  async file(sha256: string): Promise<PackageFile> {
    const file = join(this.#folder, `${crypto.randomUUID()}.deb`);
    try {
      await pipeline(await this.#blobs.open(sha256), createWriteStream(file, { mode: 0o600 }));
      const { package: name, version, control } = await readControl(file);
      const plugin = pluginOfPackage(name);
      if (plugin === undefined || control.get("Section") !== PLUGIN_SECTION) {
        throw invalidError(`the package ${name} is no plugin`, {
          hint: `plugins are packages wazo-plugind-<name>-<namespace> of the section ${PLUGIN_SECTION}`,
        });
      }
      await checkContents(file);
      return { file, sha256, package: name, version, plugin };
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
  }
}
