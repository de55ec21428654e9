import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { buildPackage, type PackageContent, type TestPackage } from "../../helpers/deb-package.ts";
import { findProgram } from "../../helpers/debian-programs.ts";
import { asUser, InstallerProcess } from "../../helpers/installer-process.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";
import { listTree } from "../../helpers/tree-listing.ts";

const run = promisify(execFile);
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
      expect((await listTree(place.root)).filter((line) => line.includes("empty"))).toEqual([]);
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
      if (!isRoot) skip("mounting a small disk needs root");
      await installer.kill();
      const disk = join(folder, "disk");
      await mkdir(disk);
      const options = `size=12m,uid=${user ?? 0},gid=${user ?? 0},mode=0700`;
      await run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk]);
      try {
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
      } finally {
        await run("umount", [disk]);
      }
    });

    it("waits for a lock of dpkg's and then says who has it", async () => {
      await install(await build());
      const lock = join(place.root, "var/lib/dpkg/lock-frontend");
      await writeFile(lock, "");
      if (user !== undefined) await chown(lock, user, user);
      const script = `use Fcntl; open(F, "+<", $ARGV[0]) or die; my $l = pack("s s l! l! i x100", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLK, $l) or die; $|=1; print "locked\\n"; sleep 60`;
      const holder = spawn("perl", ["-e", script, lock], { stdio: ["ignore", "pipe", "inherit"] });
      try {
        await once(holder.stdout, "data");
        const before = await listing();
        await expect(remove(false, PACKAGE)).rejects.toMatchObject({
          code: "UNAVAILABLE",
          message: expect.stringContaining(`perl (process ${holder.pid})`),
        });
        expect(await listing()).toEqual(before);
        const waiting = remove(false, PACKAGE);
        setTimeout(() => holder.kill(), 300);
        await waiting;
      } finally {
        holder.kill();
        await rm(lock, { force: true });
      }
    });
  },
);
