import { randomBytes } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { type DebServer, type DebServerOptions, startDebServer } from "../../helpers/deb-server.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { holdDpkgLock } from "../../helpers/dpkg-lock.ts";
import { serveOverBadNetwork } from "../../helpers/git-daemon.ts";
import { makePluginRepository, type WazoPlugin } from "../../helpers/plugin-repository.ts";
import { mountSmallDisk, noSmallDisk } from "../../helpers/small-disk.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";
import { listTree } from "../../helpers/tree-listing.ts";

const PLUGIN: WazoPlugin = {
  namespace: "acme",
  name: "steady",
  version: "1.0",
  rules: {
    package: 'mkdir -p "$pkgdir/opt"; echo first > "$pkgdir/opt/steady"',
    install: "date > /srv/since",
  },
};

vi.setConfig({ testTimeout: 90_000 });

describeWith(["apt"], "a fault of the machine while a plugin is updated", () => {
  /** A server with version 1.0 installed, whose state is compared by every name, mode, time and digest. */
  async function steadyServer(options: DebServerOptions = {}) {
    const server = await startDebServer(options);
    onTestFinished(() => server.stop());
    const repository = await makePluginRepository(PLUGIN);
    const first = await server.ended(await server.install("git", { url: repository.url }));
    expect(first).toMatchObject({ state: "succeeded" });
    let before: unknown;
    return {
      server,
      repository,
      /** Begins to install version 2.0. @returns the task's id. */
      async begin(plugin: WazoPlugin, url = repository.url) {
        before ??= await stateOf(server);
        repository.push({ ...PLUGIN, version: "2.0", ...plugin });
        return server.install("git", { url });
      },
      async expectUntouched() {
        expect(await stateOf(server)).toEqual(before);
        for (const work of ["sources", "builds", "packages"]) {
          expect(await readdir(join(server.dataDir, "deb", work)).catch(() => [])).toEqual([]);
        }
        repository.push({ ...PLUGIN, version: "3.0" });
        const next = await server.ended(await server.install("git", { url: repository.url }));
        expect(next).toMatchObject({
          state: "succeeded",
          result: { version: "3.0", previousVersion: "1.0" },
        });
      },
    };
  }

  async function stateOf(server: DebServer) {
    const get = async (path: string) => (await server.call("GET", path)).body;
    return {
      root: await listTree(server.root, { times: true, without: [".plugctl"] }),
      installer: await listTree(join(server.dataDir, "deb/installer"), { without: ["host-view"] }),
      plugins: await get("/api/v1/deb/plugins"),
      asWazo: await get("/0.2/plugins"),
      repository: await get("/api/v1/deb/repository/packages"),
      lock: await get("/api/v1/deb/lock"),
      verified: await get("/api/v1/deb/plugins/acme/steady/verify"),
    };
  }

  test("such as a full disk below the packages undoes the installation", async ({ skip }) => {
    if (noSmallDisk !== undefined) skip(noSmallDisk);
    const folder = await makeTempDir();
    mountSmallDisk(join(folder, "root"), 12);
    const { server, begin, expectUntouched } = await steadyServer({ folder });
    const big = 'mkdir -p "$pkgdir/opt"; dd if=/dev/zero of="$pkgdir/opt/big" bs=1M count=20';
    const task = await server.ended(await begin({ rules: { package: big } }));
    expect(task).toMatchObject({
      state: "failed",
      error: {
        code: "UNAVAILABLE",
        message: expect.stringContaining("no space left"),
        details: { step: "installing", log: expect.stringContaining("No space left on device") },
      },
    });
    await expectUntouched();
  });

  test.for([
    ["stops at it", 'dd if=/dev/zero of=big bs=1M; echo "no room"; exit 1'],
    ["passes over it", "dd if=/dev/zero of=big bs=1M || true"],
  ])("such as a full disk below the server's data ends a build that %s", async ([, build = ""], { skip }) => {
    if (noSmallDisk !== undefined) skip(noSmallDisk);
    const folder = await makeTempDir();
    // A build has to leave some of it free.
    mountSmallDisk(join(folder, "data"), 320);
    const { server, begin, expectUntouched } = await steadyServer({ folder });
    const task = await server.ended(await begin({ rules: { build } }));
    expect(task).toMatchObject({
      state: "failed",
      error: { code: "INVALID", details: { step: "building" } },
    });
    await expectUntouched();
  });

  test("such as a network that is cut in the middle of a transfer says so at the download", async () => {
    const { server, begin, repository, expectUntouched } = await steadyServer();
    repository.commit({ big: randomBytes(500_000).toString("base64") });
    const url = await serveOverBadNetwork(repository.folder, { bytes: 100_000, ending: "cut" });
    const task = await server.ended(await begin({}, url));
    expect(task).toMatchObject({
      state: "failed",
      error: { code: "UNAVAILABLE", message: expect.stringContaining(url), details: { step: "downloading" } },
    });
    await expectUntouched();
  });

  test("such as a network that falls silent is given up after a while, or when it is cancelled", {
    timeout: 90_000,
  }, async () => {
    const { server, begin, repository, expectUntouched } = await steadyServer();
    repository.commit({ big: randomBytes(500_000).toString("base64") });
    const url = await serveOverBadNetwork(repository.folder, { bytes: 100_000, ending: "silence" });
    const [left, cancelled] = [await begin({}, url), await begin({}, url)];
    await sleep(1_000);
    expect((await server.call("DELETE", `/api/v1/deb/tasks/${cancelled}`)).status).toBe(202);
    expect(await server.ended(cancelled)).toMatchObject({
      state: "interrupted",
      error: { code: "CANCELLED", details: { step: "downloading" } },
    });
    expect(await server.ended(left)).toMatchObject({
      state: "failed",
      error: { code: "TIMEOUT", message: expect.stringContaining(url), details: { step: "downloading" } },
    });
    await expectUntouched();
  });

  test("such as a database that somebody else has locked names who that is", async () => {
    const { server, begin, expectUntouched } = await steadyServer({ stepSeconds: 5 });
    const lock = join(server.root, "var/lib/dpkg/lock-frontend");
    await writeFile(lock, "");
    const { pid, release } = await holdDpkgLock(lock);
    const task = await server.ended(await begin({}));
    expect(task).toMatchObject({
      state: "failed",
      error: {
        code: "UNAVAILABLE",
        message: expect.stringContaining(`perl (process ${pid})`),
        details: { step: "updating" },
      },
    });
    release();
    await expectUntouched();
  });

  test("such as a dependency that no archive has names it", async () => {
    const { server, begin, expectUntouched } = await steadyServer();
    const description = { debian_depends: ["nothing-has-this-name"] };
    const task = await server.ended(await begin({ description }));
    expect(task).toMatchObject({
      state: "failed",
      error: {
        message: expect.stringContaining("nothing-has-this-name"),
        details: { step: "installing", log: expect.stringContaining("nothing-has-this-name") },
      },
    });
    await expectUntouched();
  });
});
