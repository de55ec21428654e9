import { describe, expect, it } from "vitest";
import type { FileSystem, OpenFile } from "../../../../../src/server/kafka/broker/log/file-system.ts";
import { OpenFiles } from "../../../../../src/server/kafka/broker/log/open-files.ts";

/** Counts what is open, by path. */
function counting() {
  const open: string[] = [];
  const fileSystem = {
    open: async (path: string) => {
      if (path === "missing") throw new Error("no such file");
      open.push(path);
      return { close: async () => void open.splice(open.indexOf(path), 1) } as unknown as OpenFile;
    },
  } as unknown as FileSystem;
  return { open, files: new OpenFiles(fileSystem, 2) };
}

const closed = () => new Promise(setImmediate);

describe("open files", () => {
  it("stay open for the next use, as many as were allowed, those used last", async () => {
    const { open, files } = counting();
    for (const path of ["a", "b", "a", "c"]) (await files.use(path)).release();
    await closed();
    expect(open.sort()).toEqual(["a", "c"]);
  });

  it("are the same for all who use them, and stay open while somebody does", async () => {
    const { open, files } = counting();
    const [first, second] = await Promise.all([files.use("a"), files.use("a")]);
    expect(first.file).toBe(second.file);
    first.release();
    for (const path of ["b", "c", "d"]) (await files.use(path)).release();
    await closed();
    expect(open.sort()).toEqual(["a", "c", "d"]);
    second.release();
    await closed();
    expect(open.sort()).toEqual(["a", "d"]);
  });

  it("that were forgotten are closed by the last who uses them, and opened anew by others", async () => {
    const { open, files } = counting();
    const old = await files.use("a");
    files.forget("a");
    const fresh = await files.use("a");
    expect(fresh.file).not.toBe(old.file);
    expect(open).toEqual(["a", "a"]);
    old.release();
    await closed();
    expect(open).toEqual(["a"]);
    expect((await files.use("a")).file).toBe(fresh.file);
  });

  it("are tried again after they could not be opened", async () => {
    const { files } = counting();
    await expect(files.use("missing")).rejects.toThrow("no such file");
    await expect(files.use("missing")).rejects.toThrow("no such file");
  });
});
