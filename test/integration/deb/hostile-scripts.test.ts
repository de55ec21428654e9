import { chmod, chown, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { buildPackage } from "../../helpers/deb-package.ts";
import { findProgram } from "../../helpers/debian-programs.ts";
import { asUser, InstallerProcess } from "../../helpers/installer-process.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";
import { listTree } from "../../helpers/tree-listing.ts";
import { processesWith } from "../../helpers/wazo-plugin.ts";

const MEBIBYTE = 1024 ** 2;
const NOBODY = 65_534;
const hasDpkg = findProgram("dpkg-deb") !== undefined && findProgram("unshare") !== undefined;

/** Tight, so that the tests take seconds and little of the machine. */
const LIMITS = {
  processes: 320,
  memoryBytes: 256 * MEBIBYTE,
  outputBytes: MEBIBYTE,
  fileBytes: 64 * MEBIBYTE,
  treeBytes: 256 * MEBIBYTE,
  treeFiles: 20_000,
};

const USERS = process.geteuid?.() === 0 ? [undefined, NOBODY] : [undefined];

describe.skipIf(!hasDpkg).each(USERS.map((user) => ({ user, who: user ?? process.geteuid?.() })))(
  "a hostile maintainer script in a tree of its own, installed by the user $who (skipped without: apt-get install dpkg util-linux)",
  ({ user }) => {
    let folder: string;
    let place: { root: string; stateDir: string; options: Record<string, unknown> };
    let installer: InstallerProcess;

    beforeEach(async () => {
      folder = await makeTempDir();
      await chmod(folder, 0o755);
      const own = join(folder, "own");
      await mkdir(own);
      if (user !== undefined) await chown(own, user, user);
      const options = { stepSeconds: 8, limits: LIMITS };
      place = { root: join(own, "root"), stateDir: join(own, "state"), options };
      installer = await InstallerProcess.start(place, asUser(user));
    });

    const listing = () => listTree(place.root, { times: true, without: [".plugctl"] });

    it.each([
      [
        "forks without end",
        "f() { f | f & }; f; sleep 600",
        "INVALID|TIMEOUT",
        /starts 320 processes|longer than 8 s|script/,
      ],
      ["sleeps for ever", "sleep 600 & setsid sleep 600 & sleep 600", "TIMEOUT", /longer than 8 seconds/],
      ["writes gigabytes into one file", "dd if=/dev/zero of=/opt/big bs=1M count=4000", "INVALID", /script/],
      [
        "writes gigabytes into many files",
        "i=0; while :; do i=$((i+1)); dd if=/dev/zero of=/opt/f$i bs=1M count=16 2>/dev/null; done",
        "INVALID",
        /writes more than 256 MiB/,
      ],
      [
        "makes files without end",
        'perl -e \'for ($i = 0; ; $i++) { open(F, ">", "/opt/$i") or sleep 600; close(F) }\'',
        "INVALID",
        /makes more than 20000 files/,
      ],
      [
        "fills the memory",
        "perl -e 'fork; fork; fork; $x = \"x\" x 1e8; sleep 600'",
        "INVALID",
        /more than 256 MiB of memory/,
      ],
      ["talks without end", "yes", "INVALID", /prints more than 1 MiB/],
    ])("that %s is ended, and everything is as it was", async (_, script, code, message) => {
      const mark = `sleep ${100_000 + Math.floor(Math.random() * 1e6)}.${process.pid}`;
      const good = await buildPackage(folder, { name: "good", files: { "opt/good": "1" } });
      await installer.apply({ install: [good] }).done;
      const before = await listing();
      const postinst = `setsid ${mark} >/dev/null 2>&1 &\n${script}`;
      const hostile = await buildPackage(folder, { files: { "opt/hostile": "1" }, scripts: { postinst } });
      const error = await installer.apply({ install: [hostile] }).done.catch((thrown) => thrown);
      expect(error).toMatchObject({
        code: expect.stringMatching(new RegExp(`^(?:${code})$`)),
        message: expect.stringMatching(message),
        details: { log: expect.any(String) },
      });
      expect(processesWith(mark)).toEqual([]);
      expect(await listing()).toEqual(before);
      expect(await readFile(join(place.root, "opt/good"), "utf8")).toBe("1");
      // The tree is there for others still.
      await installer.apply({ install: [{ ...(await buildPackage(folder, { name: "later" })) }] }).done;
    });
  },
);
