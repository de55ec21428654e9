import { execFile } from "node:child_process";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { BuiltServer, LAUNCHER, type Outcome } from "../helpers/built-plugctl.ts";
import { describeWith } from "../helpers/debian-programs.ts";
import { copyMachine } from "../helpers/machine-copy.ts";
import { writeFiles } from "../helpers/plugin-folder.ts";
import { pluginFiles, type WazoPlugin } from "../helpers/plugin-repository.ts";
import { makeTempDir } from "../helpers/temp-dir.ts";

const isRoot = process.geteuid?.() === 0;
const PACKAGE = "wazo-plugind-real-acme";

// The machine that packages go into is a copy in namespaces of its own, which goes away with the test.
isRoot
  ? describeWith(["apt", "bubblewrap", "fakeroot"], "plugctl serve --deb-root /", describeRoot)
  : undefined;

function describeRoot(): void {
  test("installs into the machine, and leaves it as it was when something fails", {
    timeout: 120_000,
  }, async () => {
    const folder = await makeTempDir();
    const inCopy = await copyMachine(folder);
    const [program = "", ...words] = inCopy;
    const start = () =>
      BuiltServer.start({
        folder,
        program: [program, ...words, process.execPath, LAUNCHER],
        args: ["--only", "deb", "--deb-root", "/"],
      });
    let server = await start();
    const inMachine = (...command: string[]): Promise<Outcome> =>
      new Promise((done) => {
        const options = {
          cwd: folder,
          env: { ...server.env, PLUGCTL_YES: "1", PLUGCTL_TOKEN: server.token },
        };
        execFile(program, [...words, ...command], options, (error, stdout, stderr) =>
          done({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }),
        );
      });
    const plugctl = (...args: string[]) => inMachine(process.execPath, LAUNCHER, ...args);
    const done = async (...args: string[]) => {
      const outcome = await plugctl(...args);
      expect(outcome.exitCode, outcome.stderr).toBe(0);
      return outcome.stdout;
    };
    const status = async () =>
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is dpkg-query that fills it in
      (await inMachine("dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Version}", PACKAGE)).stdout;
    const settings = async () => (await inMachine("cat", "/etc/real.conf")).stdout;
    const plugin = join(folder, "plugin");
    await mkdir(plugin);
    const write = async (version: string, rules: WazoPlugin["rules"] = {}) => {
      const make = `mkdir -p "$pkgdir/etc" && echo ${version} > "$pkgdir/etc/real.conf"`;
      const description = { debian_depends: ["base-files (>= 12)"] };
      const files = { namespace: "acme", name: "real", version, description };
      await writeFiles(plugin, pluginFiles({ ...files, rules: { package: make, ...rules } }));
      await chmod(join(plugin, "wazo/rules"), 0o755);
    };
    try {
      await write("1.0", {
        install: "echo installed by $(id -un) > /var/lib/real",
        uninstall: "rm /var/lib/real",
      });
      expect(await done("install", plugin)).toContain("acme/real 1.0 is installed");
      expect(await status()).toBe("ii  1.0");
      expect((await inMachine("cat", "/var/lib/real")).stdout).toBe("installed by root\n");
      await done("verify", "acme/real");
      await inMachine("sh", "-c", "echo changed > /etc/real.conf");
      expect((await plugctl("verify", "acme/real")).exitCode).toBe(9);
      await done("target", "add", "server", "--kind", "store", "--url", server.http);
      expect(await done("audit", "--target", "server", "--output", "json")).toContain("deb.root.host");

      await write("2.0", { install: "echo so it ends; exit 3" });
      const failed = await plugctl("install", plugin);
      expect(failed).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("| so it ends") });
      expect([await status(), await settings()]).toEqual(["ii  1.0", "changed\n"]);

      await write("2.0");
      await done("install", plugin);
      expect([await status(), await settings()]).toEqual(["ii  2.0", "2.0\n"]);
      await done("rollback", "acme/real");
      expect([await status(), await settings()]).toEqual(["ii  1.0", "1.0\n"]);

      await write("3.0", { install: "touch /tmp/begun; sleep 600" });
      const waiting = plugctl("install", plugin);
      while ((await inMachine("test", "-e", "/tmp/begun")).exitCode !== 0) await sleep(50);
      await done("deb", "cancel", "acme/real");
      expect((await waiting).exitCode).toBe(1);
      expect([await status(), await settings()]).toEqual(["ii  1.0", "1.0\n"]);

      await inMachine("rm", "/tmp/begun");
      const cutOff = plugctl("install", plugin);
      while ((await inMachine("test", "-e", "/tmp/begun")).exitCode !== 0) await sleep(50);
      await server.end("SIGKILL");
      server = await start();
      expect([await status(), await settings()]).toEqual(["ii  1.0", "1.0\n"]);
      expect((await inMachine("dpkg", "--audit")).stdout).toBe("");
      // Whoever waited is told by the server that came back, on another port, or gives up: it is not asked here.
      void cutOff;

      expect(await done("remove", "acme/real", "--purge")).toContain("acme/real 1.0 is purged");
      expect(await status()).toBe("");
      expect((await inMachine("test", "-e", "/var/lib/real")).exitCode).toBe(1);
    } finally {
      await server.end("SIGKILL");
    }
  });
}
