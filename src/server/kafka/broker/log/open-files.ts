import type { FileSystem, OpenFile } from "./file-system.ts";

/** The use of an open file, which stays open at least until it is given back. */
export interface Lease {
  readonly file: OpenFile;
  /** Once. */
  release(): void;
}

interface Entry {
  readonly path: string;
  readonly file: Promise<OpenFile>;
  leases: number;
  /** No longer found by its path; closed by the last who uses it. */
  forgotten: boolean;
}

/** Files that stay open from one use to the next: those in use, and some of those used last. */
export class OpenFiles {
  readonly #fileSystem: FileSystem;
  readonly #limit: number;
  readonly #byPath = new Map<string, Entry>();
  /** Those that nobody uses; the one used last comes last. */
  readonly #idle = new Set<Entry>();

  /** @param limit files that stay open though nobody uses them */
  constructor(fileSystem: FileSystem, limit: number) {
    this.#fileSystem = fileSystem;
    this.#limit = limit;
  }

  async use(path: string): Promise<Lease> {
    const entry = this.#byPath.get(path) ?? this.#open(path);
    entry.leases++;
    this.#idle.delete(entry);
    try {
      const file = await entry.file;
      return { file, release: () => this.#release(entry) };
    } catch (error) {
      this.forget(path);
      throw error;
    }
  }

  /** Has the next use open the file anew: there is another by that name, or none. */
  forget(path: string): void {
    const entry = this.#byPath.get(path);
    if (entry === undefined) return;
    this.#byPath.delete(path);
    this.#idle.delete(entry);
    entry.forgotten = true;
    if (entry.leases === 0) close(entry);
  }

  #open(path: string): Entry {
    const entry = { path, file: this.#fileSystem.open(path), leases: 0, forgotten: false };
    this.#byPath.set(path, entry);
    return entry;
  }

  #release(entry: Entry): void {
    entry.leases--;
    if (entry.leases > 0) return;
    if (entry.forgotten) {
      close(entry);
      return;
    }
    this.#idle.add(entry);
    for (const { path } of this.#idle) {
      if (this.#idle.size <= this.#limit) return;
      this.forget(path);
    }
  }
}

/** Nothing is lost where closing fails: what has to be on the disk was synced before. */
function close({ file }: Entry): void {
  file.then((open) => open.close()).catch(() => {});
}
