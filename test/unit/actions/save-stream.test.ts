import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { saveStream } from "../../../src/actions/save-stream.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

async function* pieces(count: number, failAt?: number) {
  for (let index = 0; index < count; index += 1) {
    if (index === failAt) throw new Error("the connection broke");
    yield new Uint8Array(1024 * 1024).fill(index);
  }
}
const quiet = { overwrite: false, onBytes: () => {} };

it("writes everything, for its owner alone, and reports the bytes", async () => {
  const folder = await makeTempDir();
  const path = join(folder, "backup.tar");
  const reported: number[] = [];
  const bytes = await saveStream(pieces(3), path, {
    overwrite: false,
    onBytes: (count) => reported.push(count),
  });
  expect(bytes).toBe(3 * 1024 * 1024);
  expect(reported).toEqual([1, 2, 3].map((megabytes) => megabytes * 1024 * 1024));
  const content = await readFile(path);
  expect([content[0], content.at(-1), content.length]).toEqual([0, 2, bytes]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["backup.tar"]);
});

it("leaves nothing of a stream that breaks, and what was there before as it was", async () => {
  const folder = await makeTempDir();
  const path = join(folder, "backup.tar");
  await expect(saveStream(pieces(3, 2), path, quiet)).rejects.toThrow("broke");
  expect(await readdir(folder)).toEqual([]);
  await writeFile(path, "old");
  await expect(saveStream(pieces(3, 2), path, { ...quiet, overwrite: true })).rejects.toThrow("broke");
  expect(await readFile(path, "utf8")).toBe("old");
  expect(await readdir(folder)).toEqual(["backup.tar"]);
});

it("replaces a file only when told to, even one that came up meanwhile", async () => {
  const folder = await makeTempDir();
  const path = join(folder, "backup.tar");
  async function* racing() {
    await writeFile(path, "mine");
    yield* pieces(1);
  }
  await expect(saveStream(racing(), path, quiet)).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await readFile(path, "utf8")).toBe("mine");
  expect(await readdir(folder)).toEqual(["backup.tar"]);
  await saveStream(pieces(1), path, { ...quiet, overwrite: true });
  expect((await stat(path)).size).toBe(1024 * 1024);
});

it("says where it cannot write", async () => {
  const path = join(await makeTempDir(), "no", "backup.tar");
  await expect(saveStream(pieces(1), path, quiet)).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining(path),
  });
});
