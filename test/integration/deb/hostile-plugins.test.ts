import { once } from "node:events";
import { existsSync, lstatSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../../helpers/debian-programs.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";
import { makeWorkshop, pluginFiles, processesWith } from "../../helpers/wazo-plugin.ts";

const MEBIBYTE = 1024 ** 2;

/** Tight, so that the tests take seconds and little of the machine. */
const LIMITS = {
  seconds: 3,
  outputBytes: MEBIBYTE,
  processes: 50,
  memoryBytes: 256 * MEBIBYTE,
  fileBytes: 64 * MEBIBYTE,
  treeBytes: 128 * MEBIBYTE,
};

/** A command line that no other process has. */
const uniqueSleep = () => `sleep ${100_000 + Math.floor(Math.random() * 1e6)}.${process.pid}`;

describeWith(["bubblewrap", "fakeroot"], "a hostile plugin", () => {
  it("sees nothing of the server, of its users and of other processes", async () => {
    const { build, log, dataDir } = await makeWorkshop();
    writeFileSync(join(dataDir, "secret"), "the secret", { mode: 0o644 });
    const outside = join(await makeTempDir(), "outside");
    await build(
      pluginFiles({
        build: `
          cat ${dataDir}/secret || echo "cannot read"
          echo x > ${outside} || echo "cannot write"
          echo x > /usr/plugctl-test || echo "cannot write /usr"
          ls -A /home /root /run /srv /mnt /media /opt 2>/dev/null || :
          ls /proc | grep -c '^[0-9]'
          cat /etc/shadow || echo "cannot read shadow"
          kill -9 -1 || :
          echo 1 > /proc/sys/kernel/sysrq || echo "cannot set"
          mount -t tmpfs x /tmp || echo "cannot mount"
          unshare --user --map-root-user true || echo "cannot unshare"`,
      }),
    );
    const said = log();
    expect(said).not.toContain("the secret");
    for (const answer of [
      "cannot read",
      "cannot write",
      "cannot write /usr",
      "cannot read shadow",
      "cannot set",
      "cannot mount",
    ]) {
      expect(said).toContain(`${answer}\n`);
    }
    expect(existsSync(outside)).toBe(false);
    expect(existsSync("/usr/plugctl-test")).toBe(false);
    expect(Number(/^(\d+)$/m.exec(said)?.[1])).toBeLessThan(10);
  });

  it("has no network unless the server gives it one", async () => {
    const server = createServer((socket) => socket.end());
    let connections = 0;
    server.on("connection", () => connections++);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const connect = `perl -MIO::Socket::INET -e 'print IO::Socket::INET->new("127.0.0.1:${port}") ? "open" : "shut"'`;
    try {
      const { build, log } = await makeWorkshop();
      await build(pluginFiles({ build: connect }));
      expect(log()).toContain("shut");
      expect(connections).toBe(0);
      await build(pluginFiles({ build: connect }), { isolation: "network" });
      expect(log()).toContain("open");
    } finally {
      server.close();
    }
  });

  it.each([
    ["forks without end", "f() { f | f & }; f; sleep 600", "TIMEOUT", /longer than 3 seconds/],
    ["sleeps for ever", "sleep 600 & setsid sleep 600 & sleep 600", "TIMEOUT", /longer than 3 seconds/],
    ["writes gigabytes into one file", "dd if=/dev/zero of=big bs=1M count=4000", "INVALID", /failed with/],
    [
      "writes gigabytes into many files",
      "i=0; while :; do i=$((i+1)); dd if=/dev/zero of=f$i bs=1M count=16 2>/dev/null; done",
      "INVALID",
      /writes more than/,
    ],
    ["fills the memory", "perl -e 'fork; fork; fork; $x = \"x\" x 1e8; sleep 600'", "INVALID", /of memory/],
    [
      "digs without end",
      'perl -e \'while (1) { mkdir "dddddddddd"; chdir "dddddddddd" or last }\'; sleep 600',
      "INVALID",
      /nests folders too deeply/,
    ],
    ["talks without end", "yes", "INVALID", /prints more than/],
  ])("that %s is ended, with all that it has started", async (_, build, code, message) => {
    const workshop = await makeWorkshop();
    const mark = uniqueSleep();
    const files = pluginFiles({ build: `setsid ${mark} >/dev/null 2>&1 &\n${build}` });
    await expect(workshop.build(files, { limits: LIMITS })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      details: { step: "building", exitCode: expect.toSatisfy((exit) => exit === null || exit > 0) },
    });
    expect(processesWith(mark)).toEqual([]);
    expect(await workshop.left()).toEqual([]);
  });

  it.each(["isolated", "host"] as const)(
    "leaves nothing running that it did not wait for (%s)",
    async (isolation) => {
      const { build } = await makeWorkshop();
      const mark = uniqueSleep();
      const daemon = `setsid ${mark} >/dev/null 2>&1 </dev/null &`;
      await build(pluginFiles({ build: daemon, package: daemon }), { isolation });
      expect(processesWith(mark)).toEqual([]);
    },
  );

  it.each([
    ["a program that runs as its owner", "touch $pkgdir/x; chmod 4755 $pkgdir/x", /setuid/],
    ["a pipe", "mkfifo $pkgdir/x", /neither a file/],
    ["a link out of it", "ln -s ../../../../etc/shadow $pkgdir/x", /leads out/],
    ["a name with a line break", 'touch "$pkgdir/a\nb"', /control character/],
    ["a folder that is none", "ln -s /tmp $pkgdir/usr", /has to be a folder/],
    [
      "paths without end",
      "cd $pkgdir; for i in $(seq 150); do mkdir dddddddddd; cd dddddddddd; done",
      /paths of more/,
    ],
    ["a package that is none", "rmdir $pkgdir; ln -s /etc $pkgdir", /ENOTDIR|not a folder|refused/],
  ])("does not get %s into its package", async (_, commands, message) => {
    const { build, left } = await makeWorkshop();
    await expect(build(pluginFiles({ package: commands }))).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringMatching(message),
      details: { step: "packaging" },
    });
    expect(await left()).toEqual([]);
  });

  it("cannot have the server copy what it could not read itself", async () => {
    const { build } = await makeWorkshop();
    for (const commands of ["rm -r wazo; ln -s /etc wazo", "rm wazo/rules; ln -s /etc/shadow wazo/rules"]) {
      await expect(build(pluginFiles({ package: commands }))).rejects.toMatchObject({ code: "INVALID" });
    }
    expect(lstatSync("/etc").isDirectory()).toBe(true);
  });
});
