import { rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { buildPackage, type PackageContent, type TestPackage } from "../../helpers/deb-package.ts";
import { findProgram } from "../../helpers/debian-programs.ts";
import { InstallerProcess } from "../../helpers/installer-process.ts";
import { copyMachine } from "../../helpers/machine-copy.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const PACKAGE = "wazo-plugind-empty-test";
const ID = { namespace: "test", name: "empty" };

const hasDpkg = findProgram("dpkg-deb") !== undefined && findProgram("unshare") !== undefined;
const canTry = hasDpkg && process.geteuid?.() === 0;

describe.skipIf(!canTry)(
  "this machine as the root (skipped without: root, apt-get install dpkg util-linux)",
  () => {
    let folder: string;
    let place: { root: string; stateDir: string; options: Record<string, unknown> };
    let inCopy: string[];
    let installer: InstallerProcess;

    beforeEach(async () => {
      folder = await makeTempDir();
      inCopy = await copyMachine(folder);
      place = { root: "/", stateDir: "/var/lib/plugctl-test", options: { lockSeconds: 1 } };
      installer = await InstallerProcess.start(place, inCopy);
    });

    const build = (content: PackageContent = {}) => buildPackage(folder, content);
    const install = (...packages: TestPackage[]) => installer.apply({ install: packages }).done;
    const remove = (purge: boolean) => installer.apply({ remove: [{ package: PACKAGE, purge }] }).done;
    const listing = async () =>
      (
        await Promise.all(
          [
            "/etc",
            "/opt",
            "/srv",
            "/usr/share/empty",
            "/usr/lib/wazo-plugind",
            "/var/lib/dpkg",
            "/var/lib/plugctl-test",
          ].map((path) => installer.listTree(path, { without: ["status-old", "before"] })),
        )
      ).flat();
    const restart = async () => {
      await installer.kill();
      installer = await InstallerProcess.start(place, inCopy);
    };

    it("installs, updates, removes and purges a plugin", async () => {
      const before = await listing();
      await install(await build({ files: { "usr/share/empty/a": "1" } }));
      expect(await installer.plugins()).toEqual([
        expect.objectContaining({ ...ID, version: "1.0", status: "installed" }),
      ]);
      expect(await installer.verify(ID)).toEqual([]);
      await install(await build({ version: "2.0" }));
      expect(await installer.previous(ID)).toMatchObject({ version: "1.0" });
      await remove(true);
      expect(await installer.plugins()).toEqual([]);
      expect((await listing()).filter((line) => !/^packages|^lock|^triggers\/Lock/.test(line))).toEqual(
        before.filter((line) => !/^packages|^lock|^triggers\/Lock/.test(line)),
      );
    });

    it("keeps what a plugin has started, and ends it when its installation is undone", async () => {
      const starting = "setsid sleep 71.5 & echo started";
      await install(await build({ scripts: { postinst: starting } }));
      const change = installer.apply({
        install: [
          await build({ name: "other", scripts: { postinst: "setsid sleep 72.5 & sleep 0.2; exit 1" } }),
        ],
      });
      await expect(change.done).rejects.toMatchObject({ code: "INVALID" });
      expect(await installer.commands()).toContain("sleep 71.5");
      expect(await installer.commands()).not.toContain("sleep 72.5");
    });

    it.each(["preinst", "postinst"] as const)("leaves nothing of a plugin whose %s fails", async (script) => {
      await install(await build({ name: "other" }));
      const before = await listing();
      const broken = await build({
        files: { "usr/share/empty/a": "1", "etc/empty.conf": "1" },
        scripts: { [script]: "echo the end of the log; exit 3", prerm: "exit 4", postrm: "exit 5" },
      });
      await expect(install(broken)).rejects.toMatchObject({
        code: "INVALID",
        details: { step: "installing", exitCode: 3, log: expect.stringContaining("the end of the log") },
      });
      expect(await listing()).toEqual(before);
    });

    it.each(["preinst", "postinst"] as const)(
      "puts the old version back when the %s of the new one fails",
      async (script) => {
        await install(
          await build({
            files: { "usr/share/empty/a": "1", "usr/share/empty/gone": "1", "etc/empty.conf": "1" },
            conffiles: ["/etc/empty.conf"],
            scripts: { postinst: "echo one > /opt/effect", prerm: "echo one" },
          }),
        );
        const before = await listing();
        const broken = await build({
          version: "2.0",
          files: { "usr/share/empty/a": "2", "usr/share/empty/new": "2", "etc/empty.conf": "2" },
          scripts: { [script]: "echo two > /opt/effect; rm /usr/share/empty/a; exit 3", postrm: "echo two" },
        });
        await expect(install(broken)).rejects.toMatchObject({ code: "INVALID" });
        expect(await listing()).toEqual(before);
        expect(await installer.verify(ID)).toEqual([]);
      },
    );

    it.each(["prerm", "postrm"] as const)("keeps a plugin whose %s fails", async (script) => {
      await install(await build({ files: { "usr/share/empty/a": "1" }, scripts: { [script]: "exit 3" } }));
      const before = await listing();
      await expect(remove(false)).rejects.toMatchObject({ code: "INVALID", details: { step: "removing" } });
      expect(await listing()).toEqual(before);
    });

    it("undoes at the next start what a kill has cut off, and ends what still runs", async () => {
      await install(await build({ files: { "usr/share/empty/a": "1" } }));
      const before = await listing();
      const change = installer.apply(
        {
          install: [
            await build({
              version: "2",
              files: { "usr/share/empty/b": "2" },
              scripts: { postinst: "echo begun; sleep 73.5" },
            }),
          ],
        },
        "the-change",
      );
      await change.printed("begun");
      await restart();
      expect(await installer.recover()).toEqual({ undone: ["the-change"], finished: [] });
      expect(await listing()).toEqual(before);
      expect(await installer.commands()).not.toContain("sleep 73.5");
    });

    it("has all of a change or nothing of it, whenever it was killed", { timeout: 300_000 }, async () => {
      const files = (text: string) =>
        Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`usr/share/empty/${text}/${i}`, text]));
      const one = await build({ version: "1", files: files("one"), scripts: { prerm: "sleep 0.1" } });
      const two = await build({ version: "2", files: files("two"), scripts: { postinst: "sleep 0.1" } });
      const change = (target: TestPackage) => installer.apply({ install: [target], allowDowngrade: true });
      const packages = async () =>
        (await listing()).filter((line) => !/^packages|^journal/.test(line)).join("\n");
      const states = new Map<string, string>();
      let duration = 0;
      for (const target of [one, two, one, two]) {
        const began = Date.now();
        await change(target).done;
        duration = Date.now() - began;
        states.set(target.version, await packages());
      }
      for (let round = 0; round < 12; round++) {
        const [before] = await installer.plugins();
        const running = change(before?.version === "1" ? two : one);
        await new Promise((resolve) => setTimeout(resolve, (duration * 1.1 * round) / 11));
        await installer.kill();
        running.done.catch(() => {});
        await restart();
        const { undone } = await installer.recover();
        const [after] = await installer.plugins();
        expect(after?.status).toBe("installed");
        expect(await packages()).toBe(states.get(after?.version ?? ""));
        if (undone.length > 0) expect(after?.version).toBe(before?.version);
      }
    });

    it("is refused to who is not root", async () => {
      await rm(join(folder, "none"), { force: true });
      await expect(
        InstallerProcess.start({ ...place, stateDir: join("/tmp", "state") }, [
          ...inCopy,
          "setpriv",
          "--reuid=65534",
          "--clear-groups",
          "--",
        ]),
      ).rejects.toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("only root") });
    });
  },
);
