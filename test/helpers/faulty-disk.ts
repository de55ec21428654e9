import { dirname, join } from "node:path";
import type { FileSystem, OpenFile } from "../../src/server/kafka/broker/log/file-system.ts";

/** A piece that was written and not yet synced. */
interface Write {
  position: number;
  bytes: Buffer;
}

interface FileNode {
  /** As programs see it. */
  now: Buffer;
  /** As it is on the disk. */
  durable: Buffer;
  /** What happened to it since, in order: writes, and sizes it was cut to. */
  pending: (Write | { size: number })[];
}

type Entry = { file: FileNode } | { directory: DirectoryNode };

interface DirectoryNode {
  now: Map<string, Entry>;
  durable: Map<string, Entry>;
  /** Changes of names since, in order. */
  pending: ((entries: Map<string, Entry>) => void)[];
}

const newDirectory = (): DirectoryNode => ({ now: new Map(), durable: new Map(), pending: [] });

function fault(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code, path });
}

/** A disk in memory that fails as disks do, when it is told to. */
export class FaultyDisk {
  /** Bytes of all files together that there is room for. */
  capacity = Number.POSITIVE_INFINITY;
  /** Most bytes that one write takes. */
  mostAtOnce = Number.POSITIVE_INFINITY;
  /** Whether syncing files fails. */
  syncFails = false;
  /** Whether cutting files fails. */
  truncateFails = false;
  /** Syncs of files so far. */
  syncs = 0;
  #root = newDirectory();
  readonly #locks = new Set<string>();
  /** Crashes so far: who began before one reaches nothing any more. */
  #life = 0;

  /**
   * The program ends without warning. With the power, what was not synced is lost as well, or a part of it.
   * @param keep says for each change that was not synced whether, or how much of it from 0 to 1, reached the disk
   */
  crash({ power, keep }: { power: boolean; keep: () => number }): void {
    this.#life++;
    this.#locks.clear();
    if (power) this.#losePower(this.#root, keep);
  }

  /** What a file holds. */
  read(path: string): Buffer {
    return Buffer.from(this.#file(path).now);
  }

  /** Changes a file behind everybody's back. */
  write(path: string, bytes: Buffer): void {
    const file = this.#file(path);
    file.now = Buffer.from(bytes);
    file.durable = Buffer.from(bytes);
    file.pending = [];
  }

  /** Paths of all files. */
  files(): string[] {
    return [...filesIn(this.#root, "/")];
  }

  /** The disk for one life of the program. */
  mount(): FileSystem {
    const life = this.#life;
    const living =
      <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
      async (...args: Args): Promise<Result> => {
        if (life !== this.#life) throw fault("EIO", String(args[0]));
        return call.apply(this, args);
      };
    return {
      open: living(this.#open),
      list: living(this.#list),
      readSmall: living(async (path) => this.read(path)),
      size: living(this.#size),
      makeDirectory: living(this.#makeDirectory),
      rename: living(this.#rename),
      remove: living(this.#remove),
      lock: living(this.#lock),
      syncDirectory: living(this.#syncDirectory),
    };
  }

  async #open(path: string, { create = false } = {}): Promise<OpenFile> {
    if (create) {
      if (this.#find(path) !== undefined) throw fault("EEXIST", path);
      const file: FileNode = { now: Buffer.alloc(0), durable: Buffer.alloc(0), pending: [] };
      this.#change(dirname(path), (entries) => entries.set(nameOf(path), { file }));
    }
    return this.#openFile(path, this.#file(path));
  }

  async #list(directory: string): Promise<string[]> {
    const found = this.#find(directory);
    if (found === undefined) return [];
    return [...this.#directory(directory).now.keys()];
  }

  async #size(path: string): Promise<number> {
    return this.#file(path).now.length;
  }

  async #makeDirectory(path: string): Promise<void> {
    if (path === "/" || this.#find(path) !== undefined) return;
    await this.#makeDirectory(dirname(path));
    const directory = newDirectory();
    this.#change(dirname(path), (entries) => entries.set(nameOf(path), { directory }));
  }

  async #rename(from: string, to: string): Promise<void> {
    const entry = this.#find(from);
    if (entry === undefined) throw fault("ENOENT", from);
    this.#change(dirname(to), (entries) => entries.set(nameOf(to), entry));
    this.#change(dirname(from), (entries) => entries.delete(nameOf(from)));
  }

  async #remove(path: string): Promise<void> {
    if (this.#find(path) !== undefined)
      this.#change(dirname(path), (entries) => entries.delete(nameOf(path)));
  }

  async #lock(path: string): Promise<{ release(): void }> {
    if (this.#locks.has(path)) throw new Error(`${path} is locked`);
    this.#locks.add(path);
    return { release: () => this.#locks.delete(path) };
  }

  async #syncDirectory(path: string): Promise<void> {
    const directory = this.#directory(path);
    directory.durable = new Map(directory.now);
    directory.pending = [];
  }

  #openFile(path: string, file: FileNode): OpenFile {
    const life = this.#life;
    const alive = () => {
      if (life !== this.#life) throw fault("EBADF", path);
    };
    return {
      read: async (into, position) => {
        alive();
        return file.now.copy(into, 0, position);
      },
      write: async (buffers, position) => {
        alive();
        const all = Buffer.concat(buffers);
        const room = this.capacity - this.#used() + Math.max(0, file.now.length - position);
        const bytes = all.subarray(0, Math.max(0, Math.min(all.length, this.mostAtOnce, room)));
        if (bytes.length === 0 && all.length > 0) throw fault("ENOSPC", path);
        file.now = patched(file.now, { position, bytes });
        file.pending.push({ position, bytes });
        return bytes.length;
      },
      truncate: async (size) => {
        alive();
        if (this.truncateFails) throw fault("EIO", path);
        file.now = resized(file.now, size);
        file.pending.push({ size });
      },
      datasync: async () => {
        alive();
        this.syncs++;
        if (this.syncFails) throw fault("EIO", path);
        file.durable = Buffer.from(file.now);
        file.pending = [];
      },
      close: async () => {},
    };
  }

  #used(): number {
    return this.files().reduce((sum, path) => sum + this.#file(path).now.length, 0);
  }

  #losePower(directory: DirectoryNode, keep: () => number): void {
    // Names change in the order of the journal of the file system, so what is lost is an end of the changes.
    const kept = Math.round(keep() * directory.pending.length);
    for (const change of directory.pending.slice(0, kept)) change(directory.durable);
    directory.now = new Map(directory.durable);
    directory.pending = [];
    for (const entry of directory.now.values()) {
      if ("directory" in entry) this.#losePower(entry.directory, keep);
      else loseWrites(entry.file, keep);
    }
  }

  #change(directory: string, change: (entries: Map<string, Entry>) => void): void {
    const node = this.#directory(directory);
    change(node.now);
    node.pending.push(change);
  }

  #file(path: string): FileNode {
    const entry = this.#find(path);
    if (entry === undefined || !("file" in entry)) throw fault("ENOENT", path);
    return entry.file;
  }

  #directory(path: string): DirectoryNode {
    const entry = this.#find(path);
    if (entry === undefined || !("directory" in entry)) throw fault("ENOENT", path);
    return entry.directory;
  }

  #find(path: string): Entry | undefined {
    let entry: Entry | undefined = { directory: this.#root };
    for (const name of path.split("/").filter((part) => part !== "")) {
      entry = entry !== undefined && "directory" in entry ? entry.directory.now.get(name) : undefined;
    }
    return entry;
  }
}

const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

function* filesIn({ now }: DirectoryNode, path: string): Generator<string> {
  for (const [name, entry] of now) {
    if ("directory" in entry) yield* filesIn(entry.directory, join(path, name));
    else yield join(path, name);
  }
}

/** Of each write that was not synced some bytes reached the disk, whatever became of those before it. */
function loseWrites(file: FileNode, keep: () => number): void {
  for (const change of file.pending) {
    const kept = keep();
    if ("size" in change) {
      if (kept >= 0.5) file.durable = resized(file.durable, change.size);
      continue;
    }
    const { position, bytes } = change;
    const count = Math.round(kept * bytes.length);
    if (count > 0) file.durable = patched(file.durable, { position, bytes: bytes.subarray(0, count) });
  }
  file.now = Buffer.from(file.durable);
  file.pending = [];
}

/** A gap is full of zeros. */
function patched(content: Buffer, { position, bytes }: Write): Buffer {
  const result = resized(content, Math.max(content.length, position + bytes.length));
  result.set(bytes, position);
  return result;
}

function resized(content: Buffer, size: number): Buffer {
  const result = Buffer.alloc(size);
  content.copy(result, 0, 0, size);
  return result;
}
