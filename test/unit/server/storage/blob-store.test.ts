import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBlobStore } from "../../../../src/server/storage/blob-store.ts";
import type { BlobStore } from "../../../../src/server/storage/blobs.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

const MODULE = new URL("../../../../src/server/storage/blob-store.ts", import.meta.url).href;

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
async function* chunks(...parts: Uint8Array[]) {
  yield* parts;
}
const text = (value: string) => chunks(Buffer.from(value));
const pathIn = (directory: string, sha256: string) =>
  join(directory, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}
const listed = async (store: BlobStore) => (await all(store.list())).map((blob) => blob.sha256);

describe("createBlobStore", () => {
  it("gives back every content byte for byte, whole and in ranges, with its digests", async () => {
    const store = await createBlobStore(await makeTempDir());
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 4000 }), { maxLength: 5 }),
        fc.nat(),
        fc.nat(),
        async (parts, a, b) => {
          const whole = Buffer.concat(parts);
          const blob = await store.put(chunks(...parts));
          expect(blob).toEqual({
            sha256: digest(whole),
            integrity: `sha384-${createHash("sha384").update(whole).digest("base64")}`,
            size: whole.length,
          });
          expect(await store.read(blob.sha256)).toEqual(whole);
          expect(await store.size(blob.sha256)).toBe(whole.length);
          if (whole.length === 0) return;
          const [start = 0, end = 0] = [a % whole.length, b % whole.length].sort((x, y) => x - y);
          const range = await buffer(await store.open(blob.sha256, { start, end }));
          expect(range).toEqual(whole.subarray(start, end + 1));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("lays blobs out by digest and leaves no temporary file", async () => {
    const directory = await makeTempDir();
    const store = await createBlobStore(directory);
    const { sha256 } = await store.put(text("a"));
    expect((await stat(pathIn(directory, sha256))).mode & 0o777).toBe(0o600);
    expect(await readdir(join(directory, "tmp"))).toEqual([]);
  });

  it("stores equal content once, also when it arrives many times at once", async () => {
    const store = await createBlobStore(await makeTempDir());
    const stored = await Promise.all(Array.from({ length: 20 }, () => store.put(text("same"))));
    expect(new Set(stored.map((blob) => blob.sha256)).size).toBe(1);
    expect(await listed(store)).toEqual([stored[0]?.sha256]);
  });

  it("keeps nothing of content that is too large or breaks off", async () => {
    const directory = await makeTempDir();
    const store = await createBlobStore(directory);
    await expect(store.put(text("12345"), { maxBytes: 4 })).rejects.toMatchObject({ code: "INVALID" });
    async function* broken() {
      yield Buffer.from("half");
      throw new Error("connection lost");
    }
    await expect(store.put(broken())).rejects.toThrow("connection lost");
    expect(await readdir(join(directory, "tmp"))).toEqual([]);
    expect(await listed(store)).toEqual([]);
    await expect(store.put(text("1234"), { maxBytes: 4 })).resolves.toMatchObject({ size: 4 });
  });

  it("rejects with ENOENT for a blob that is not there, and refuses what is no digest", async () => {
    const store = await createBlobStore(await makeTempDir());
    const absent = digest(Buffer.from("absent"));
    await expect(store.open(absent)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(store.read(absent)).rejects.toMatchObject({ code: "ENOENT" });
    expect(await store.size(absent)).toBeUndefined();
    await expect(store.delete(absent)).resolves.toBeUndefined();
    await expect(store.read("../../etc/passwd")).rejects.toMatchObject({ code: "INVALID" });
    await expect(store.delete(`${absent}/..`)).rejects.toMatchObject({ code: "INVALID" });
  });

  it("spares a blob that was stored again after the deletion was decided", async () => {
    const directory = await makeTempDir();
    const store = await createBlobStore(directory);
    const { sha256 } = await store.put(text("again"));
    const old = new Date(Date.now() - 3600_000);
    await utimes(pathIn(directory, sha256), old, old);
    const decided = Date.now() - 1000;
    await store.put(text("again"));
    await store.delete(sha256, { storedBefore: decided });
    expect(await store.size(sha256)).toBe(5);
    await utimes(pathIn(directory, sha256), old, old);
    await store.delete(sha256, { storedBefore: decided });
    expect(await store.size(sha256)).toBeUndefined();
  });

  it("puts deletions off while they are held, and forgets those of blobs stored again meanwhile", async () => {
    const store = await createBlobStore(await makeTempDir());
    const [gone, kept] = await Promise.all([store.put(text("gone")), store.put(text("kept"))]);
    const releaseFirst = store.holdDeletes();
    const releaseSecond = store.holdDeletes();
    await store.delete(gone.sha256);
    await store.delete(kept.sha256);
    await store.put(text("kept"));
    releaseFirst();
    releaseFirst();
    expect(await store.size(gone.sha256)).toBe(4);
    releaseSecond();
    expect(await listed(store)).toEqual([kept.sha256]);
  });

  it("replaces a file that a crash of the machine cut short", async () => {
    const directory = await makeTempDir();
    const store = await createBlobStore(directory);
    const { sha256 } = await store.put(text("complete"));
    await writeFile(pathIn(directory, sha256), "comp");
    await store.put(text("complete"));
    expect(String(await store.read(sha256))).toBe("complete");
  });

  it("lists only blobs", async () => {
    const directory = await makeTempDir();
    const store = await createBlobStore(directory);
    const { sha256 } = await store.put(text("x"));
    await writeFile(join(directory, "README"), "");
    await writeFile(join(directory, sha256.slice(0, 2), sha256.slice(2, 4), "notes.txt"), "");
    const [blob, ...rest] = await all(store.list());
    expect(rest).toEqual([]);
    expect(blob).toMatchObject({ sha256, size: 1 });
    expect(Math.abs((blob?.storedAt ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it("has every acknowledged blob whole after kill -9, and nothing half-written", async () => {
    const directory = await makeTempDir();
    const script = `
      const { createBlobStore } = await import(${JSON.stringify(MODULE)});
      const { randomBytes } = await import("node:crypto");
      const store = await createBlobStore(${JSON.stringify(directory)});
      const writer = async () => {
        for (;;) {
          const source = (async function* () { for (let i = 0; i < 8; i++) yield randomBytes(16384); })();
          console.log((await store.put(source)).sha256);
        }
      };
      for (let i = 0; i < 4; i++) writer();
    `;
    const acknowledged: string[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const child: ChildProcess = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      if (!child.stdout) throw new Error("no output");
      const exited = once(child, "exit");
      const until = acknowledged.length + 10 + turn * 7;
      for await (const line of createInterface(child.stdout)) {
        acknowledged.push(line);
        if (acknowledged.length === until) child.kill("SIGKILL");
      }
      await exited;
    }
    const store = await createBlobStore(directory);
    expect(await readdir(join(directory, "tmp"))).toEqual([]);
    for (const sha256 of acknowledged) expect(digest(await store.read(sha256))).toBe(sha256);
    for await (const blob of store.list()) expect(digest(await store.read(blob.sha256))).toBe(blob.sha256);
  }, 30_000);
});
