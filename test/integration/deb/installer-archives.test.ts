import { execFile } from "node:child_process";
import { chmod, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { AptArchive } from "../../helpers/apt-archive.ts";
import { buildPackage, type PackageContent } from "../../helpers/deb-package.ts";
import { findProgram } from "../../helpers/debian-programs.ts";
import { asUser, InstallerProcess } from "../../helpers/installer-process.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";
import { listTree } from "../../helpers/tree-listing.ts";

const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;
const hasApt = findProgram("apt-get") !== undefined && findProgram("unshare") !== undefined;
const USERS = [
  { who: isRoot ? "root" : "an unprivileged user", user: undefined },
  ...(isRoot ? [{ who: "an unprivileged user", user: NOBODY }] : []),
];

describe.skipIf(!hasApt).each(USERS)(
  "packages that a private root of $who lacks (skipped without: apt-get install apt util-linux)",
  ({ user }) => {
    let folder: string;
    let root: string;
    let installer: InstallerProcess;
    let archive: AptArchive;

    beforeEach(async () => {
      folder = await makeTempDir();
      await chmod(folder, 0o755);
      const own = join(folder, "own");
      root = join(own, "root");
      await mkdir(root, { recursive: true });
      archive = await AptArchive.start();
      await archive.use(root);
      if (user !== undefined) await promisify(execFile)("chown", ["-R", `${user}:${user}`, own]);
      installer = await InstallerProcess.start({ root, stateDir: join(own, "state") }, asUser(user));
    });

    const build = (content: PackageContent = {}) => buildPackage(folder, content);
    const listing = () => listTree(root, { times: true, without: [".plugctl"] });
    const library = (version = "1.0", more: PackageContent = {}) =>
      build({
        package: "plugctl-test-library",
        version,
        files: { "usr/lib/python3/dist-packages/library.txt": version },
        ...more,
      });
    const plugin = (depends: string) =>
      build({
        control: { Depends: depends },
        scripts: { postinst: "test -e /usr/lib/python3/dist-packages/library.txt" },
      });

    it("come from the archives that it knows, in the order of need, and are told before", async () => {
      const needed = await library("1.5");
      await archive.add(needed);
      const one = await plugin("plugctl-test-none | plugctl-test-library (>= 1.2), dpkg");
      expect(await installer.plan({ install: [one] })).toMatchObject({
        install: [{ package: one.package }],
        needsUpdate: true,
      });
      const before = await listing();
      const change = installer.apply({ install: [one] });
      await change.done;
      expect(change.steps).toEqual(["updating", "installing"]);
      expect(await listTree(join(root, "usr/lib/python3"))).toHaveLength(2);
      expect((await installer.plugins()).map(({ status }) => status)).toEqual(["installed"]);
      expect(await listTree(join(root, "var/cache/apt"))).toEqual([]);

      const two = await build({ name: "two", control: { Depends: "plugctl-test-library" } });
      const again = installer.apply({ install: [two] });
      await again.done;
      expect(again.steps).toEqual(["installing"]);
      expect(before.length).toBeGreaterThan(0);
    });

    it("are told with their sizes before, once the lists are known", async () => {
      const other = await build({ package: "plugctl-test-other", version: "1:2.0" });
      await archive.add(await library());
      await archive.add(other);
      await installer.apply({ install: [await plugin("plugctl-test-library")] }).done;
      const before = await listing();
      const two = await build({ name: "two", control: { Depends: "plugctl-test-other" } });
      expect(await installer.plan({ install: [two] })).toEqual({
        install: [
          {
            package: "plugctl-test-other",
            version: "1:2.0",
            from: null,
            plugin: false,
            sizeBytes: (await stat(other.file)).size,
          },
          {
            package: two.package,
            version: "1.0",
            from: null,
            plugin: true,
            sizeBytes: (await stat(two.file)).size,
          },
        ],
        remove: [],
        needsUpdate: false,
      });
      expect(await listing()).toEqual(before);
    });

    it("that no archive has are an error, and nothing has changed", async () => {
      const before = await listing();
      await expect(
        installer.apply({ install: [await plugin("plugctl-test-none (>= 2)")] }).done,
      ).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: "no archive of this system has plugctl-test-none (>= 2)",
        hint: "add the archive that has it to the sources of apt",
      });
      await expect(
        installer.apply({ install: [await plugin("wazo-plugind-other-test")] }).done,
      ).rejects.toMatchObject({ code: "NOT_FOUND", hint: "install test/other first" });
      expect(await listing()).toEqual(before);
    });

    it("are taken out again when the plugin fails", async () => {
      await archive.add(await library());
      const before = await listing();
      const broken = await build({
        control: { Depends: "plugctl-test-library" },
        scripts: { postinst: "exit 3" },
      });
      await expect(installer.apply({ install: [broken] }).done).rejects.toMatchObject({
        code: "INVALID",
        message: expect.stringContaining("script of wazo-plugind-empty-test failed"),
      });
      expect(await listing()).toEqual(before);
    });

    it("cannot be had when the network is cut, before or between", async () => {
      await archive.add(await library());
      const before = await listing();
      archive.cut = true;
      await expect(
        installer.apply({ install: [await plugin("plugctl-test-library")] }).done,
      ).rejects.toMatchObject({ code: "UNAVAILABLE" });
      await archive.stop();
      await expect(
        installer.apply({ install: [await plugin("plugctl-test-library")] }).done,
      ).rejects.toMatchObject({
        code: "UNAVAILABLE",
        details: { step: "updating" },
      });
      expect(await listing()).toEqual(before);
    });
  },
);
