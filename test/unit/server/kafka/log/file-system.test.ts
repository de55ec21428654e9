import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type FileSystem,
  nodeFileSystem,
  readWhole,
  replaceFile,
  writeAll,
} from "../../../../../src/server/kafka/broker/log/file-system.ts";
import { FaultyDisk } from "../../../../helpers/faulty-disk.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";

const systems: [string, () => Promise<{ fileSystem: FileSystem; dir: string }>][] = [
  ["the machine's", async () => ({ fileSystem: nodeFileSystem, dir: await makeTempDir() })],
  ["the one of the tests", async () => ({ fileSystem: new FaultyDisk().mount(), dir: "/" })],
];

describe.each(systems)("the file system: %s", (_, start) => {
  it("writes several buffers at a position, reads as much as there is, and cuts", async () => {
    const { fileSystem, dir } = await start();
    const path = join(dir, "a");
    const file = await fileSystem.open(path, { create: true });
    await writeAll(file, [Buffer.from("hello "), Buffer.alloc(0), Buffer.from("world")], 0);
    await writeAll(file, [Buffer.from("W")], 6);
    const into = Buffer.alloc(20, 1);
    expect(await file.read(into, 3)).toBe(8);
    expect(into.toString("latin1", 0, 8)).toBe("lo World");
    expect(await file.read(into, 11)).toBe(0);
    await file.truncate(5);
    await file.datasync();
    expect([await fileSystem.size(path), (await readWhole(fileSystem, path)).toString()]).toEqual([
      5,
      "hello",
    ]);
    expect((await fileSystem.readSmall(path)).toString()).toBe("hello");
    await file.close();
  });

  it("makes no file that is there, and opens none that is not", async () => {
    const { fileSystem, dir } = await start();
    await (await fileSystem.open(join(dir, "a"), { create: true })).close();
    await expect(fileSystem.open(join(dir, "a"), { create: true })).rejects.toMatchObject({ code: "EEXIST" });
    await expect(fileSystem.open(join(dir, "b"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(fileSystem.size(join(dir, "b"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("lists, renames over what is there, and removes whole folders", async () => {
    const { fileSystem, dir } = await start();
    const folder = join(dir, "x", "y");
    await fileSystem.makeDirectory(folder);
    await fileSystem.makeDirectory(folder);
    await replaceFile(fileSystem, join(folder, "a"), Buffer.from("1"), { durable: true });
    await replaceFile(fileSystem, join(folder, "b"), Buffer.from("2"), { durable: false });
    await fileSystem.rename(join(folder, "b"), join(folder, "a"));
    await fileSystem.syncDirectory(folder);
    expect(await fileSystem.list(folder)).toEqual(["a"]);
    expect((await fileSystem.readSmall(join(folder, "a"))).toString()).toBe("2");
    await fileSystem.remove(join(dir, "x"));
    await fileSystem.remove(join(dir, "x"));
    expect(await fileSystem.list(folder)).toEqual([]);
  });

  it("keeps a file that is open and that was removed or replaced", async () => {
    const { fileSystem, dir } = await start();
    await replaceFile(fileSystem, join(dir, "a"), Buffer.from("old"), { durable: false });
    const file = await fileSystem.open(join(dir, "a"));
    await replaceFile(fileSystem, join(dir, "a"), Buffer.from("new"), { durable: false });
    await fileSystem.remove(join(dir, "a"));
    const into = Buffer.alloc(3);
    await file.read(into, 0);
    expect(into.toString()).toBe("old");
    await file.close();
  });

  it("lets one have a lock at a time", async () => {
    const { fileSystem, dir } = await start();
    const lock = await fileSystem.lock(join(dir, "lock"));
    await expect(fileSystem.lock(join(dir, "lock"))).rejects.toThrow(/locked/);
    lock.release();
    (await fileSystem.lock(join(dir, "lock"))).release();
  });
});
