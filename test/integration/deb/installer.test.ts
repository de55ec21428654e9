import { chmod, chown, lstat, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { buildPackage, type PackageContent, type TestPackage } from "../../helpers/deb-package.ts";
import { findProgram } from "../../helpers/debian-programs.ts";
import { holdDpkgLock } from "../../helpers/dpkg-lock.ts";
import { asUser, InstallerProcess } from "../../helpers/installer-process.ts";
import { mountSmallDisk, noSmallDisk } from "../../helpers/small-disk.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";
import { listTree } from "../../helpers/tree-listing.ts";

const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;
const hasDpkg = findProgram("dpkg-deb") !== undefined && findProgram("unshare") !== undefined;

const USERS = [
  { who: isRoot ? "root" : "an unprivileged user", user: undefined },
  // Root can try both.
  ...(isRoot ? [{ who: "an unprivileged user", user: NOBODY }] : []),
];

const ID = { namespace: "test", name: "empty" };
const PACKAGE = "wazo-plugind-empty-test";

describe.skipIf(!hasDpkg).each(USERS)(
  "a private root of $who (skipped without: apt-get install dpkg util-linux)",
  ({ user }) => {
    let folder: string;
    let place: { root: string; stateDir: string; options?: Record<string, unknown> };
    let installer: InstallerProcess;

    beforeEach(async () => {
      folder = await makeTempDir();
      await chmod(folder, 0o755);
      const own = join(folder, "own");
      await mkdir(own);
      if (user !== undefined) await chown(own, user, user);
      place = { root: join(own, "root"), stateDir: join(own, "state"), options: { lockSeconds: 1 } };
      installer = await InstallerProcess.start(place, asUser(user));
    });

    const build = (content: PackageContent = {}) => buildPackage(folder, content);
    const install = (...packages: TestPackage[]) => installer.apply({ install: packages }).done;
    const remove = (purge: boolean, ...names: string[]) =>
      installer.apply({ remove: names.map((name) => ({ package: name, purge })) }).done;
    const read = (path: string) => readFile(join(place.root, path), "utf8");
    const listing = async () => ({
      tree: await listTree(place.root, { times: true, without: [".plugctl"] }),
      state: await listTree(place.stateDir, { without: ["host-view"] }),
    });

    it("installs, updates, removes and purges a plugin, and lists it as dpkg has it", async () => {
      const one = await build({
        files: { "usr/share/empty/a": "1" },
        scripts: { postrm: "echo $1 >> /var/lib/postrm-calls" },
      });
      expect(await install(one)).toEqual({
        installed: [{ package: PACKAGE, version: "1.0", previousVersion: null }],
        removed: [],
      });
      expect(await installer.plugins()).toEqual([
        expect.objectContaining({
          ...ID,
          package: PACKAGE,
          version: "1.0",
          status: "installed",
          metadata: { ...ID, version: "1.0" },
        }),
      ]);
      expect(await read("usr/share/empty/a")).toBe("1");

      const two = await build({
        version: "1.10",
        files: { "usr/share/empty/b": "2" },
        scripts: { postrm: "echo $1 >> /var/lib/postrm-calls" },
      });
      expect(await install(two)).toEqual({
        installed: [{ package: PACKAGE, version: "1.10", previousVersion: "1.0" }],
        removed: [],
      });
      expect(await listTree(join(place.root, "usr/share/empty"))).toHaveLength(1);

      expect(await remove(false, PACKAGE)).toEqual({
        installed: [],
        removed: [{ package: PACKAGE, version: "1.10" }],
      });
      expect(await installer.plugins()).toEqual([
        expect.objectContaining({ version: "1.10", status: "config-files" }),
      ]);
      await remove(true, PACKAGE);
      expect(await installer.plugins()).toEqual([]);
      expect(await read("var/lib/postrm-calls")).toBe("upgrade\nremove\npurge\n");
      expect((await listing()).tree.filter((line) => line.includes("empty"))).toEqual([]);
    });

    it("keeps the package before the last change, and no older one", async () => {
      expect(await installer.previous(ID)).toBeUndefined();
      const versions = [];
      for (const version of ["1", "2", "3"]) versions.push(await build({ version }));
      const [one, two, three] = versions as [TestPackage, TestPackage, TestPackage];
      await install(one);
      expect(await installer.previous(ID)).toBeUndefined();
      await install(two);
      await install(three);
      await install(three);
      const previous = await installer.previous(ID);
      expect(previous).toMatchObject({ version: "2", sha256: two.sha256, package: PACKAGE });
      expect((await listTree(join(place.stateDir, "packages"))).length).toBe(2);

      await expect(install(two)).rejects.toMatchObject({ code: "CONFLICT" });
      await installer.apply({ install: previous === undefined ? [] : [previous], allowDowngrade: true }).done;
      expect((await installer.plugins())[0]?.version).toBe("2");
      expect(await installer.previous(ID)).toMatchObject({ version: "3" });
      await remove(true, PACKAGE);
      expect(await installer.previous(ID)).toMatchObject({ version: "2" });
    });

    it("installs several plugins at once, and removes what depends on one only when that is meant", async () => {
      const base = await build({ name: "base" });
      const top = await build({ name: "top", control: { Depends: `${base.package} (>= 1.0)` } });
      const { installed } = await install(top, base);
      expect(installed.map((one) => one.package)).toEqual([base.package, top.package]);
      await expect(remove(false, base.package)).rejects.toMatchObject({
        code: "CONFLICT",
        details: { dependents: [top.package] },
      });
      const change = { remove: [{ package: base.package, purge: true }], removeDependents: true };
      expect((await installer.plan(change)).remove.map((one) => one.package)).toEqual([
        top.package,
        base.package,
      ]);
      await installer.apply(change).done;
      expect(await installer.plugins()).toEqual([]);
    });

    it("finds files that are not as the package has them", async () => {
      await install(
        await build({
          files: { "opt/a": "a", "opt/b": "b", "opt/c": "c", "opt/d/e": "e", "etc/empty.conf": "1" },
          conffiles: ["/etc/empty.conf"],
        }),
      );
      expect(await installer.verify(ID)).toEqual([]);
      await writeFile(join(place.root, "opt/a"), "b");
      await rm(join(place.root, "opt/b"));
      await chmod(join(place.root, "opt/c"), 0o600);
      await rm(join(place.root, "opt/d"), { recursive: true });
      await symlink("/etc", join(place.root, "opt/d"));
      await writeFile(join(place.root, "etc/empty.conf"), "mine");
      expect(await installer.verify(ID)).toEqual([
        { path: "/opt/a", problem: "changed" },
        { path: "/opt/b", problem: "missing" },
        { path: "/opt/c", problem: "mode" },
        { path: "/opt/d", problem: "changed" },
        { path: "/opt/d/e", problem: "missing" },
      ]);
      await expect(installer.verify({ namespace: "test", name: "none" })).rejects.toMatchObject({
        code: "NOT_FOUND",
      });
    });

    it("purges a plugin whose own script fails at that, as those of wazo-plugind do", async () => {
      const file = "/var/lib/empty-rules";
      await install(
        await build({ scripts: { prerm: `touch ${file}`, postrm: `test -e ${file}\nrm ${file}` } }),
      );
      await remove(true, PACKAGE);
      expect(await installer.plugins()).toEqual([]);
    });

    it("refuses files that belong to the host or to another plugin, and a package that is not what it is said to be", async () => {
      const before = await listing();
      const intruder = await build({ files: { "usr/bin/dpkg": "mine" } });
      await expect(install(intruder)).rejects.toMatchObject({
        code: "CONFLICT",
        message: "the file /usr/bin/dpkg belongs to dpkg already",
      });
      const good = await build();
      await expect(install({ ...good, version: "2" })).rejects.toMatchObject({ code: "INVALID" });
      await expect(install({ ...good, sha256: "0".repeat(64) })).rejects.toMatchObject({
        code: "VERIFICATION",
      });
      expect(await listing()).toEqual(before);
    });

    it("does not follow links that a script has left in its tree", async () => {
      const target = join(folder, "own", "target");
      await mkdir(target);
      if (user !== undefined) await chown(target, user, user);
      const linked = await build({
        scripts: {
          postinst: `mkdir -p /srv; rm -rf /srv/x; ln -s ${target} /srv/x; ln -sf ${target}/a /etc/empty.conf`,
        },
      });
      await install(linked);
      await install(
        await build({
          name: "two",
          files: { "srv/y/z": "1" },
          scripts: { postinst: "rm /srv/x; mkdir /srv/x; echo 1 > /srv/x/y" },
        }),
      );
      expect(await listTree(target)).toEqual([]);
      expect(await read("srv/x/y")).toBe("1\n");
    });

    it("leaves the folders that it shares with the host, and keeps nothing of the host's lists of files", async () => {
      await install(await build({ files: { "opt/empty/a": "1" } }));
      await installer.apply({ remove: [{ package: PACKAGE, purge: true }] }).done;
      const left = (await listing()).tree.join("\n");
      expect(left).not.toMatch(/var\/lib\/dpkg\/info\/.*\.list/);
      // What was removed below a folder of the host's would be marked by a device.
      expect((await lstat(join(place.root, "opt")).catch(() => undefined))?.isCharacterDevice()).not.toBe(
        true,
      );
    });

    it("makes changes one after another", async () => {
      const packages = await Promise.all(["a", "b", "c"].map((name) => build({ name })));
      const changes = packages.map((one) => installer.apply({ install: [one] }));
      await changes[1]?.reached("queued");
      expect(await installer.queue()).toHaveLength(3);
      changes[2]?.cancel();
      await expect(changes[2]?.done).rejects.toMatchObject({ code: "CANCELLED" });
      await Promise.all([changes[0]?.done, changes[1]?.done]);
      expect((await installer.plugins()).map(({ name }) => name)).toEqual(["a", "b"]);
    });

    it("lets the scripts of a plugin see the host's programs, and neither its files nor its network", async () => {
      const secret = join(folder, "own", "secret");
      await writeFile(secret, "secret");
      await chmod(secret, 0o666);
      const probe = [
        "dpkg --version > /dev/null",
        `if cat ${secret}; then echo secret was read; fi`,
        `if echo x > ${secret}; then echo secret was written; fi`,
        "if echo 1 > /proc/sys/kernel/hostname; then echo a sysctl was set; fi",
        "if test -e /sys/class; then echo sys is there; fi",
        "if test -e /dev/sda || test -e /dev/vda; then echo disks are there; fi",
        "if grep -v '^[a-z0-9_-]*:[*]:' /etc/shadow; then echo passwords are there; fi",
        "grep -c : /proc/net/dev",
        "ls /proc | grep -c '^[0-9]'",
        "if mount -t tmpfs tmpfs /mnt; then echo mounted; fi",
        "if ls /.plugctl/*; then echo changes are there; fi",
        'echo "secrets in the environment: $SECRET"',
      ];
      process.env.SECRET = "s3cret";
      const change = installer.apply({
        install: [await build({ scripts: { postinst: `exec 2>&1\n${probe.join("\n")}` } })],
      });
      await change.done;
      const log = change.log();
      expect(log).not.toMatch(/was read|was written|was set|is there|are there|mounted$|s3cret/m);
      // One network interface, lo; a handful of processes, not the machine's.
      const [interfaces, processes] = [...log.matchAll(/^(\d+)$/gm)].map(([, count]) => Number(count));
      expect(interfaces).toBe(1);
      expect(processes).toBeLessThan(12);
      expect(await readFile(secret, "utf8")).toBe("secret");
    });

    describe("when a stage fails", () => {
      const fail = "echo the end of the log; exit 3";

      it.each(["preinst", "postinst"] as const)(
        "leaves nothing of a plugin whose %s fails",
        async (script) => {
          await install(await build({ name: "other", files: { "etc/other": "1" } }));
          const before = await listing();
          const broken = await build({
            files: { "usr/share/empty/a": "1" },
            scripts: {
              [script]: `rm /etc/other; rm -rf /etc/apt; mkdir /etc/apt; echo x >> /etc/passwd; mkdir -m 0 /opt/x\n${fail}`,
            },
          });
          await expect(install(broken)).rejects.toMatchObject({
            code: "INVALID",
            message: expect.stringMatching(
              /the (pre|post)-?inst\S* script of (?:new )?wazo-plugind-empty-test failed with exit status 3/,
            ),
            details: { step: "installing", log: expect.stringContaining("the end of the log") },
          });
          expect(await listing()).toEqual(before);
        },
      );

      it.each(["preinst", "postinst"] as const)(
        "puts the old version back when the %s of the new one fails",
        async (script) => {
          const old = await build({
            files: { "usr/share/empty/a": "1", "usr/share/empty/gone": "1", "etc/empty.conf": "1" },
            conffiles: ["/etc/empty.conf"],
            scripts: { postinst: "echo one", prerm: "echo one", postrm: "echo one" },
          });
          await install(old);
          await writeFile(join(place.root, "etc/empty.conf"), "mine");
          const before = await listing();
          const broken = await build({
            version: "2.0",
            files: { "usr/share/empty/a": "2", "etc/empty.conf": "2" },
            conffiles: ["/etc/empty.conf"],
            scripts: { [script]: `echo 3 > /usr/share/empty/a\n${fail}` },
          });
          await expect(install(broken)).rejects.toMatchObject({ code: "INVALID" });
          expect(await listing()).toEqual(before);
          expect(await installer.verify(ID)).toEqual([]);
        },
      );

      it.each(["prerm", "postrm"] as const)("keeps a plugin whose %s fails", async (script) => {
        await install(await build({ files: { "usr/share/empty/a": "1" }, scripts: { [script]: fail } }));
        const before = await listing();
        await expect(remove(false, PACKAGE)).rejects.toMatchObject({
          code: "INVALID",
          details: { step: "removing", log: expect.stringContaining("the end of the log") },
        });
        expect(await listing()).toEqual(before);
      });

      it("undoes the removal when the installation in the same change fails", async () => {
        await install(await build());
        const before = await listing();
        const broken = await build({ name: "broken", scripts: { postinst: fail } });
        const change = installer.apply({ remove: [{ package: PACKAGE, purge: true }], install: [broken] });
        await expect(change.done).rejects.toMatchObject({ code: "INVALID" });
        expect(change.steps).toEqual(["removing", "installing"]);
        expect(await listing()).toEqual(before);
      });

      it("ends a script that takes too long, and everything that it has started", async () => {
        await installer.kill();
        installer = await InstallerProcess.start({ ...place, options: { stepSeconds: 1 } }, asUser(user));
        const before = await listing();
        const slow = await build({ scripts: { postinst: "(setsid sleep 61.5 &)\nsleep 61.5" } });
        await expect(install(slow)).rejects.toMatchObject({ code: "TIMEOUT" });
        expect(await listing()).toEqual(before);
        expect(await installer.commands()).not.toContain("sleep 61.5");
      });

      it("ends a script when it is cancelled", async () => {
        const before = await listing();
        const change = installer.apply({
          install: [await build({ scripts: { postinst: "echo begun; sleep 62.5" } })],
        });
        await change.printed("begun");
        change.cancel();
        await expect(change.done).rejects.toMatchObject({ code: "CANCELLED" });
        expect(await listing()).toEqual(before);
        expect(await installer.commands()).not.toContain("sleep 62.5");
      });
    });

    describe("when it is killed", () => {
      it("ends what it had started, and undoes the change at the next start", async () => {
        await install(await build());
        const before = await listing();
        const change = installer.apply(
          { install: [await build({ version: "2", scripts: { postinst: "echo begun; sleep 63.5" } })] },
          "the-change",
        );
        await change.printed("begun");
        await installer.kill();
        installer = await InstallerProcess.start(place, asUser(user));
        expect(await installer.recover()).toEqual({ undone: ["the-change"], finished: [] });
        expect(await installer.commands()).not.toContain("sleep 63.5");
        expect(await listing()).toEqual(before);
        await install(await build({ version: "2" }));
      });

      it("has all of a change or nothing of it, whenever that was", { timeout: 300_000 }, async () => {
        const files = (count: number, text: string) =>
          Object.fromEntries(
            Array.from({ length: count }, (_, i) => [`usr/share/empty/${text}/${i % 7}/${i}`, text]),
          );
        const scripts = {
          postinst: "echo $1 $2 > /var/lib/empty-state; rm -rf /srv/x; mkdir -p /srv/x; echo $2 > /srv/x/y$2",
        };
        const one = await build({
          version: "1",
          files: { ...files(150, "one"), "etc/common": "one" },
          scripts,
        });
        const two = await build({
          version: "2",
          files: { ...files(150, "two"), "etc/common": "two" },
          scripts,
        });
        const whole = async () =>
          (await listTree(place.root, { without: [".plugctl", "var/log"] })).join("\n");
        const change = (target: TestPackage) => installer.apply({ install: [target], allowDowngrade: true });

        await install(one);
        await change(two).done;
        const began = Date.now();
        await change(one).done;
        const states = new Map([["1", await whole()]]);
        await change(two).done;
        const duration = (Date.now() - began) / 2;
        states.set("2", await whole());

        const outcomes = { undone: 0, finished: 0, neither: 0 };
        for (let round = 0; round < 22; round++) {
          const [{ version } = { version: "" }] = await installer.plugins();
          const running = change(version === "1" ? two : one);
          await new Promise((resolve) => setTimeout(resolve, (duration * 1.1 * round) / 21));
          await installer.kill();
          running.done.catch(() => {});
          installer = await InstallerProcess.start(place, asUser(user));
          const { undone, finished } = await installer.recover();
          if (undone.length > 0) outcomes.undone++;
          else if (finished.length > 0) outcomes.finished++;
          else outcomes.neither++;
          const [after] = await installer.plugins();
          expect(after?.status).toBe("installed");
          expect(await whole()).toBe(states.get(after?.version ?? ""));
          if (undone.length > 0) expect(after?.version).toBe(version);
          if (finished.length > 0) expect(after?.version).not.toBe(version);
          expect(await installer.verify(ID)).toEqual([]);
        }
        expect(outcomes.undone).toBeGreaterThan(0);
      });
    });

    it("undoes a change when the disk is full", async ({ skip }) => {
      if (noSmallDisk !== undefined) skip(noSmallDisk);
      await installer.kill();
      const disk = join(folder, "disk");
      mountSmallDisk(disk, 12, user);
      place = { root: join(disk, "root"), stateDir: join(folder, "own", "state") };
      installer = await InstallerProcess.start(place, asUser(user));
      await install(await build());
      const before = await listing();
      await expect(
        install(await build({ version: "2", files: { "usr/share/big": "x".repeat(20_000_000) } })),
      ).rejects.toMatchObject({
        code: "UNAVAILABLE",
        message: expect.stringContaining("no space left"),
      });
      expect(await listing()).toEqual(before);
      await installer.kill();
    });

    it("waits for a lock of dpkg's and then says who has it", async () => {
      await install(await build());
      const lock = join(place.root, "var/lib/dpkg/lock-frontend");
      await writeFile(lock, "");
      if (user !== undefined) await chown(lock, user, user);
      const holder = await holdDpkgLock(lock);
      const before = await listing();
      await expect(remove(false, PACKAGE)).rejects.toMatchObject({
        code: "UNAVAILABLE",
        message: expect.stringContaining(`perl (process ${holder.pid})`),
      });
      expect(await listing()).toEqual(before);
      const waiting = remove(false, PACKAGE);
      setTimeout(holder.release, 300);
      await waiting;
    });
  },
);
