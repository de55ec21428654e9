import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { checkContents } from "../../../src/server/deb/plugins/package-contents.ts";
import { type CraftedEntry, craftPackage } from "../../helpers/crafted-package.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

async function check(...entries: CraftedEntry[]): Promise<void> {
  const file = join(await makeTempDir(), "crafted.deb");
  await writeFile(file, await craftPackage(entries));
  try {
    await checkContents(file);
  } finally {
    // Whatever the answer is, nothing goes on reading the package.
    await vi.waitFor(() => expect(readersOf(file)).toEqual([]));
  }
}

const readersOf = (file: string) =>
  readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(file);
    } catch {
      return false;
    }
  });

describeWith(["apt"], "a finished package from elsewhere", () => {
  it("may hold files, folders, hard links within and links to anywhere on the host", async () => {
    await check(
      { name: "./usr/", type: "directory", mode: 0o2755 },
      { name: "./usr/a", content: "a" },
      { name: "./usr/b", type: "link", linkname: "./usr/a" },
      { name: "./usr/c", type: "symlink", linkname: "../etc/c" },
      { name: "./usr/d", type: "symlink", linkname: "/usr/bin/d" },
    );
  });

  it.each<[string, CraftedEntry, string]>([
    ["a setuid file", { name: "./usr/bin/x", mode: 0o4755 }, "rights of its owner"],
    ["a setgid file", { name: "./usr/bin/x", mode: 0o2755 }, "rights of its owner"],
    ["a device", { name: "./dev/sda", type: "block-device", devmajor: 8 }, "neither a file"],
    ["a character device", { name: "./dev/mem", type: "character-device", devmajor: 1 }, "neither a file"],
    ["a pipe", { name: "./run/p", type: "fifo" }, "neither a file"],
    ["a path upwards", { name: "./usr/../../etc/x" }, "no path below its root"],
    ["a link out of the root", { name: "./l", type: "symlink", linkname: "../../etc" }, "leads out of it"],
    ["a hard link to the host", { name: "./l", type: "link", linkname: "./etc/shadow" }, "not in it"],
    ["a line break in a name", { name: "./a\nb" }, "control character"],
    ["a path without end", { name: `./${"a/".repeat(600)}b` }, "more than 1000 characters"],
  ])("is refused for %s", async (_, entry, why) => {
    // More than a pipe holds comes after it: whoever reads the package has to be told to stop.
    const rest = { name: "./z", content: "z".repeat(1024 ** 2) };
    await expect(check({ name: "./a", content: "a" }, entry, rest)).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringContaining(why),
    });
  });
});
