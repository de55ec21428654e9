import type { FileSystem, OpenFile } from "./file-system.ts";

/** The use of an open file, which stays open at least until it is given back. */
export interface Lease {
  readonly file: OpenFile;
  /** Once. */
  release(): void;
}

interface Entry {
  readonly file: Promise<OpenFile>;
  leases: number;
  /** No longer found by its path; closed by the last who uses it. */
  forgotten: boolean;
}

/** Files that stay open from one use to the next: those in use, and the latest used beside them. */
export class OpenFiles {
  readonly #fileSystem: FileSystem;
  readonly #limit: number;
  /** By path; the one used last comes last. */
  readonly #entries = new Map<string, Entry>();

  /** @param limit files that stay open; more only while they are in use */
  constructor(fileSystem: FileSystem, limit: number) {
    this.#fileSystem = fileSystem;
    this.#limit = limit;
  }

  /** Files that are open. */
  get size(): number {
    return this.#entries.size;
  }

  async use(path: string): Promise<Lease> {
    const entry = this.#entries.get(path) ?? this.#open(path);
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    entry.leases++;
    this.#shrink();
    let file: OpenFile;
    try {
      file = await entry.file;
    } catch (error) {
      if (this.#entries.get(path) === entry) this.#entries.delete(path);
      throw error;
    }
    return {
      file,
      release: () => {
        entry.leases--;
        if (entry.forgotten) close(entry);
        else this.#shrink();
      },
    };
  }

  /** Has the next use open the file anew: there is another by that name, or none. */
  forget(path: string): void {
    const entry = this.#entries.get(path);
    if (entry !== undefined) this.#drop(path, entry);
  }

  #open(path: string): Entry {
    return { file: this.#fileSystem.open(path), leases: 0, forgotten: false };
  }

  #shrink(): void {
    if (this.#entries.size <= this.#limit) return;
    for (const [path, entry] of this.#entries) {
      if (this.#entries.size <= this.#limit) return;
      if (entry.leases === 0) this.#drop(path, entry);
    }
  }

  #drop(path: string, entry: Entry): void {
    this.#entries.delete(path);
    entry.forgotten = true;
    close(entry);
  }
}

/** Nothing is lost where closing fails: what has to be on disk was synced before. */
function close(entry: Entry): void {
  if (entry.leases > 0) return;
  entry.file.then((file) => file.close()).catch(() => {});
}
