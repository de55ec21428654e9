import { readdirSync } from "node:fs";
import { readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DirectoryCatalogue } from "../../../../src/engine/catalogue/directory.ts";
import { folderFiles } from "../../../../src/engine/catalogue/folder-files.ts";
import { pluginFile, writeFiles } from "../../../helpers/catalogue-files.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";
import { MARKETPLACE, MARKETPLACE_ABSENT } from "../../../helpers/thinger-marketplace.ts";

async function catalogueOf(files: Record<string, string>) {
  const root = await makeTempDir();
  await writeFiles(root, files);
  return { root, catalogue: new DirectoryCatalogue({ root, cache: await makeTempDir() }) };
}

describe("DirectoryCatalogue", () => {
  it.skipIf(MARKETPLACE_ABSENT)(
    "lists all entries of the real marketplace, from its cache as from their files",
    async () => {
      const cache = await makeTempDir();
      const list = () => new DirectoryCatalogue({ root: MARKETPLACE, cache }).list();
      const first = await list();
      expect(first.entries).toHaveLength(123);
      expect(first.problems).toEqual([]);
      expect(readdirSync(cache)).toHaveLength(1);
      expect(await list()).toEqual(first);
    },
  );

  it("finds an entry by its name and by its folder", async () => {
    const { catalogue } = await catalogueOf({ "lab-dir/plugin.json": pluginFile("lab_name") });
    for (const name of ["lab_name", "lab-dir"]) {
      expect((await catalogue.entry(name)).entry).toMatchObject({ name: "lab_name", directory: "lab-dir" });
    }
    await expect(catalogue.entry("lab")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(catalogue.entry("lab_name", "2.0.0")).rejects.toMatchObject({
      code: "NOT_FOUND",
      hint: "it has 1.0.0",
    });
  });

  it("is the catalogue of one entry in the folder of that entry", async () => {
    const { root, catalogue } = await catalogueOf({ "plugin.json": pluginFile("lab"), "Readme.md": "# Lab" });
    const entry = await catalogue.entry("lab");
    expect(await entry.folder()).toBe(root);
    expect(await entry.readme()).toBe("# Lab");
    expect(await entry.changelog()).toBeNull();
  });

  it("shows the others when one entry is broken, and says what is wrong with it", async () => {
    const { catalogue } = await catalogueOf({
      "good/plugin.json": pluginFile("good"),
      "bad/plugin.json": "{",
      "twin/plugin.json": pluginFile("good"),
      "worse/plugin.json": JSON.stringify({ name: "worse" }),
      "other/README.md": "no entry",
    });
    const { entries, problems } = await catalogue.list();
    expect(entries.map(({ name }) => name)).toEqual(["good"]);
    expect(problems).toEqual([
      expect.stringMatching(/^bad\/plugin\.json is not JSON: /),
      "twin/plugin.json: the name good is taken by the folder good",
      "worse/plugin.json: version must be a string",
    ]);
    await expect(catalogue.entry("worse")).rejects.toMatchObject({ hint: expect.stringMatching(/^worse\//) });
  });

  it("sees a changed file at once, and does not trust a damaged cache", async () => {
    const root = await makeTempDir();
    const cache = await makeTempDir();
    await writeFiles(root, { "lab/plugin.json": pluginFile("lab") });
    const catalogue = new DirectoryCatalogue({ root, cache });
    await catalogue.list();
    await writeFiles(root, { "lab/plugin.json": pluginFile("lab", "1.0.1") });
    expect((await catalogue.list()).entries[0]?.version).toBe("1.0.1");
    const [file = ""] = readdirSync(cache);
    const cached = await readFile(join(cache, file), "utf8");
    await writeFile(join(cache, file), cached.slice(0, -10));
    expect((await catalogue.list()).entries[0]?.version).toBe("1.0.1");
    await rm(join(cache, file));
    expect((await catalogue.list()).entries).toHaveLength(1);
  });

  it("gives no file from outside of an entry's folder", async () => {
    const { root, catalogue } = await catalogueOf({
      "lab/plugin.json": pluginFile("lab"),
      "lab/assets/icon.svg": "<svg/>",
      "secret.txt": "secret",
    });
    await symlink(join(root, "secret.txt"), join(root, "lab/link"));
    await symlink(root, join(root, "lab/up"));
    const { asset } = await catalogue.entry("lab");
    expect(Buffer.from(await asset("assets/icon.svg")).toString()).toBe("<svg/>");
    for (const path of [
      "../secret.txt",
      "/etc/passwd",
      "link",
      "up/secret.txt",
      "assets/../../secret.txt",
      "",
    ]) {
      await expect(asset(path)).rejects.toMatchObject({ code: "INVALID" });
    }
    for (const path of ["assets", "absent", "plugin.json/x"]) {
      await expect(asset(path)).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  });
});

describe("folderFiles", () => {
  it("lists what a copy takes, by path", async () => {
    const root = await makeTempDir();
    await writeFiles(root, { "b.txt": "12", "a/c.sh": "#!/bin/sh" });
    expect((await folderFiles(root)).map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([
      ["a/c.sh", 9],
      ["b.txt", 2],
    ]);
  });

  it("refuses a folder with a link in it, and one that is a link", async () => {
    const root = await makeTempDir();
    await writeFiles(root, { "in/a": "" });
    await symlink("/etc", join(root, "in/etc"));
    await symlink(join(root, "in"), join(root, "link"));
    for (const folder of ["in", "link"]) {
      await expect(folderFiles(join(root, folder))).rejects.toMatchObject({ code: "INVALID" });
    }
    await expect(folderFiles(join(root, "absent"))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
