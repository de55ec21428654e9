import { execFileSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listPackage, makeFolder, setTimes } from "../../../../../src/server/deb/builder/package-tree.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";
import { writeFiles } from "../../../../helpers/wazo-plugin.ts";

const LIMITS = { packageBytes: 1000, packageFiles: 10 };

describe("listPackage", () => {
  it("lists files, folders and links in the order of their bytes", async () => {
    const root = await makeTempDir();
    await writeFiles(root, { "etc/ä.conf": "1", "etc/z.conf": "22", "usr/bin/x": "" });
    symlinkSync("../../etc/z.conf", join(root, "usr/bin/y"));
    symlinkSync("/etc/absent", join(root, "usr/bin/z"));
    expect((await listPackage(root, LIMITS)).map(({ path, kind, size }) => [path, kind, size])).toEqual([
      ["etc", "folder", 0],
      ["etc/z.conf", "file", 2],
      ["etc/ä.conf", "file", 1],
      ["usr", "folder", 0],
      ["usr/bin", "folder", 0],
      ["usr/bin/x", "file", 0],
      ["usr/bin/y", "link", 0],
      ["usr/bin/z", "link", 0],
    ]);
  });

  it.each<[string, (root: string) => unknown]>([
    ["setuid", (root) => chmodSync(join(root, "x"), 0o4755)],
    ["setgid", (root) => chmodSync(join(root, "x"), 0o2755)],
    ["a pipe", (root) => execFileSync("mkfifo", [join(root, "p")])],
    ["a link above the root", (root) => symlinkSync("../../etc/passwd", join(root, "d/l"))],
    ["a link that goes down and up again", (root) => symlinkSync("a/b/../../../x", join(root, "l"))],
    ["a line break in a name", (root) => writeFileSync(join(root, "a\nb"), "")],
    [
      "a name that is not UTF-8",
      (root) => writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff])]), ""),
    ],
    ["more than the limit", (root) => writeFileSync(join(root, "big"), "x".repeat(1001))],
    [
      "more files than the limit",
      (root) => Array.from({ length: 11 }, (_, i) => writeFileSync(join(root, `f${i}`), "")),
    ],
  ])("refuses %s", async (_, spoil) => {
    const root = await makeTempDir();
    mkdirSync(join(root, "d"));
    writeFileSync(join(root, "x"), "");
    await listPackage(root, LIMITS);
    spoil(root);
    await expect(listPackage(root, LIMITS)).rejects.toMatchObject({ code: "INVALID" });
  });
});

describe("makeFolder", () => {
  it("follows no link, so that nothing is made outside", async () => {
    const [root, outside] = [await makeTempDir(), await makeTempDir()];
    symlinkSync(outside, join(root, "usr"));
    expect(() => makeFolder(root, "usr/lib/x")).toThrow(expect.objectContaining({ code: "INVALID" }));
    expect(() => lstatSync(join(outside, "lib"))).toThrow(/ENOENT/);
    expect(lstatSync(makeFolder(root, "var/lib/x")).isDirectory()).toBe(true);
  });
});

describe("setTimes", () => {
  it("gives files, folders and links one time", async () => {
    const root = await makeTempDir();
    await writeFiles(root, { "a/b/c": "1" });
    symlinkSync("a", join(root, "l"));
    await setTimes(root, await listPackage(root, LIMITS), 500_000_000);
    for (const path of ["", "a", "a/b", "a/b/c", "l"]) {
      expect(lstatSync(join(root, path)).mtimeMs).toBe(500_000_000_000);
    }
  });
});
