import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SecretFile } from "../../../src/actions/secret-file.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

it("keeps a secret as one line in a file of its owner's", async () => {
  const path = join(await makeTempDir(), "token");
  {
    await using file = await SecretFile.reserve(path);
    await file.keep("plc_x");
  }
  expect(await readFile(path, "utf8")).toBe("plc_x\n");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it("goes away again when there was no secret to keep", async () => {
  const folder = await makeTempDir();
  {
    await using _file = await SecretFile.reserve(join(folder, "token"));
  }
  expect(await readdir(folder)).toEqual([]);
});

it("takes no file that exists, and none where it cannot write", async () => {
  const folder = await makeTempDir();
  await writeFile(join(folder, "token"), "mine");
  await expect(SecretFile.reserve(join(folder, "token"))).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await readFile(join(folder, "token"), "utf8")).toBe("mine");
  await expect(SecretFile.reserve(join(folder, "no", "token"))).rejects.toMatchObject({ code: "USAGE" });
});
