import { promises as fs } from "node:fs";
import { join } from "node:path";
import { conflictError, invalidError, notFoundError } from "../../core/errors.ts";
import { type Difference, diffJson } from "../../core/marketplace/diff.ts";
import type { Entry } from "../../core/marketplace/entry.ts";
import { syncFolder, writeDurably } from "../durable-file.ts";
import { type InstalledResources, type ResourceVersion, recordSchema, toRecord } from "./record.ts";

/** What is installed, without what it replaced. */
export type ExportedResources = Omit<InstalledResources, "previous">;

const EXTENSION = ".json";

/**
 * Plugins that are data, such as device products: one file a plugin, below a folder a user. A record is replaced whole,
 * so readers see the old or the new one; of two writers at once the later one wins.
 */
export class ResourceStore {
  readonly #folder: string;

  /** @param folder of one target; made when first written to. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** By name. @throws INVALID for a damaged record. */
  async list(user: string): Promise<InstalledResources[]> {
    const names = await fs.readdir(this.#userFolder(user)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    const records = names.filter((name) => name.endsWith(EXTENSION)).sort();
    const found = await Promise.all(records.map((name) => readRecord(join(this.#userFolder(user), name))));
    return found.filter((record) => record !== undefined);
  }

  /** Undefined when it is not installed. @throws INVALID for a damaged record. */
  async find(user: string, plugin: string): Promise<InstalledResources | undefined> {
    return readRecord(this.#file(user, plugin));
  }

  /** @throws NOT_FOUND. */
  async get(user: string, plugin: string): Promise<InstalledResources> {
    const found = await this.find(user, plugin);
    if (found === undefined) throw notFoundError(`${plugin} is not installed`);
    return found;
  }

  /**
   * Installs or updates. Durable when it returns.
   * @returns the record, and whether it differs from what was there.
   */
  async put(
    user: string,
    plugin: string,
    source: { entry: Entry; origin: string; manifestDigest: string },
  ): Promise<{ installed: InstalledResources; changed: boolean }> {
    const current = await this.find(user, plugin);
    const { entry, origin, manifestDigest } = source;
    if (current?.manifestDigest === manifestDigest && current.origin === origin) {
      return { installed: current, changed: false };
    }
    const installed: InstalledResources = {
      plugin,
      entry: entry.name,
      version: entry.version,
      origin,
      manifestDigest,
      installedAt: new Date().toISOString(),
      file: entry.file,
      previous: current === undefined ? null : versionOf(current),
    };
    await this.#write(user, installed);
    return { installed, changed: true };
  }

  /** Puts back what was there before the last change. @throws NOT_FOUND, CONFLICT when there was nothing. */
  async rollback(user: string, plugin: string): Promise<InstalledResources> {
    const current = await this.get(user, plugin);
    if (current.previous === null) throw conflictError(`${plugin} has no earlier version to go back to`);
    const installed = { ...current, ...current.previous, previous: versionOf(current) };
    await this.#write(user, installed);
    return installed;
  }

  /** Durable when it returns. @returns false when it was gone already. */
  async remove(user: string, plugin: string): Promise<boolean> {
    try {
      await fs.unlink(this.#file(user, plugin));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
    await syncFolder(this.#userFolder(user));
    return true;
  }

  /** What an update to an entry of a catalogue would change. @throws NOT_FOUND. */
  async diff(user: string, plugin: string, entry: Entry): Promise<Difference[]> {
    return diffJson((await this.get(user, plugin)).file, entry.file);
  }

  /** All that is installed for a user, or one plugin of it: plain JSON, equal for equal content. @throws NOT_FOUND. */
  async export(user: string, plugin?: string): Promise<ExportedResources[]> {
    const installed = plugin === undefined ? await this.list(user) : [await this.get(user, plugin)];
    return installed.map(({ previous: _, ...current }) => current);
  }

  #write(user: string, installed: InstalledResources): Promise<void> {
    return writeDurably(this.#file(user, installed.plugin), JSON.stringify(toRecord(installed)));
  }

  #userFolder(user: string): string {
    return join(this.#folder, fileName(user));
  }

  #file(user: string, plugin: string): string {
    return join(this.#userFolder(user), `${fileName(plugin)}${EXTENSION}`);
  }
}

function versionOf({
  version,
  origin,
  manifestDigest,
  installedAt,
  file,
}: InstalledResources): ResourceVersion {
  return { version, origin, manifestDigest, installedAt, file };
}

/** A name as one component of a path, whatever characters it has; equal only for equal names, in either case. */
function fileName(name: string): string {
  if (name === "" || Buffer.byteLength(name) > 64)
    throw invalidError(`"${name.slice(0, 64)}" is not a name of 1 to 64 bytes`);
  return Buffer.from(name)
    .toString("latin1")
    .replace(/[^a-z0-9_-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** Undefined when there is none, also when it went away just now. */
async function readRecord(file: string): Promise<InstalledResources | undefined> {
  const text = await fs.readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  if (text === undefined) return undefined;
  try {
    const { format: _, ...installed } = recordSchema.parse(JSON.parse(text));
    return installed;
  } catch (cause) {
    throw invalidError(`the record ${file} is damaged`, {
      hint: "remove the file and install the plugin again",
      cause,
    });
  }
}
