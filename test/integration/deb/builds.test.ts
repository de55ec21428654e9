import { execFile } from "node:child_process";
import { chmod, readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildsHere } from "../../../src/actions/build-here.ts";
import { saveStream } from "../../../src/actions/save-stream.ts";
import type { PackageBuilds } from "../../../src/core/deb/package-build.ts";
import { type DebServer, startDebServer } from "../../helpers/deb-server.ts";
import { openDebTarget } from "../../helpers/deb-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { fakePlugind, TOKEN } from "../../helpers/fake-plugind.ts";
import { writeFiles } from "../../helpers/plugin-folder.ts";
import { pluginFiles } from "../../helpers/plugin-repository.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const PACKAGE = "wazo-plugind-made-acme";

async function folderWith(rules: Record<string, string>): Promise<string> {
  const folder = await makeTempDir();
  await writeFiles(folder, pluginFiles({ namespace: "acme", name: "made", version: "1:2.0", rules }));
  await chmod(join(folder, "wazo/rules"), 0o755);
  return folder;
}

describeWith(["bubblewrap", "fakeroot", "apt"], "a package that is built and not installed", () => {
  let server: DebServer;
  beforeAll(async () => {
    server = await startDebServer({ market: [] });
  });
  afterAll(() => server.stop());

  const here = (env: NodeJS.ProcessEnv = {}) =>
    buildsHere({ isolation: "isolated", wazoVersion: undefined, env, signal: new AbortController().signal });
  const there = async (env: NodeJS.ProcessEnv = {}) =>
    (await openDebTarget({ url: server.url, token: server.token, env })).on("builds");

  async function build(builds: PackageBuilds, folder: string) {
    const steps: string[] = [];
    const file = join(await makeTempDir(), "made.deb");
    let log = "";
    const listeners = {
      progress: ({ phase }: { phase: string }) => steps.push(phase),
      log: (text: string) => {
        log += text;
      },
    };
    const built = await builds.build(folder, listeners, async (_build, content) => {
      await saveStream(content, file, { overwrite: false });
    });
    return { built, file, log, steps };
  }

  const rules = { build: "echo compiled", package: 'mkdir "$pkgdir/srv" && echo 1 > "$pkgdir/srv/made"' };

  it("has the same bytes here and on a server, and tells what its steps printed", async () => {
    const folder = await folderWith(rules);
    const one = await build(here(), folder);
    const other = await build(await there(), folder);
    expect(one.built).toMatchObject({ name: "acme/made", version: "1:2.0", package: PACKAGE });
    expect(one.built.warnings).toEqual([expect.stringContaining("/srv")]);
    expect(other.built).toEqual(one.built);
    expect(await readFile(other.file)).toEqual(await readFile(one.file));
    for (const { log, steps } of [one, other]) {
      expect(log).toBe("compiled\n");
      expect(steps).toEqual(expect.arrayContaining(["building", "packaging"]));
    }
    const { stdout } = await promisify(execFile)("dpkg-deb", ["--contents", one.file]);
    expect(stdout).toContain("./srv/made");
    const { on } = await openDebTarget({ url: server.url, token: server.token });
    expect(await on("listing").list()).toEqual([]);
    expect(await on("repository").list()).toEqual([]);
    expect(await on("history").history("acme/made")).toEqual([]);
  });

  it("has the same bytes of a newer checkout, when SOURCE_DATE_EPOCH says how old it is", async () => {
    const digests = new Set<string>();
    const env = { SOURCE_DATE_EPOCH: "1700000000" };
    for (const [at, builds] of [
      [1_800_000_000, here(env)],
      [1_900_000_000, here(env)],
      [1_900_000_000, await there(env)],
    ] as const) {
      const folder = await folderWith(rules);
      for (const name of ["wazo/plugin.yml", "wazo/rules"]) await utimes(join(folder, name), at, at);
      digests.add((await build(builds, folder)).built.debSha256);
    }
    expect(digests.size).toBe(1);
    await expect(build(here({ SOURCE_DATE_EPOCH: "today" }), await folderWith(rules))).rejects.toMatchObject({
      code: "USAGE",
    });
  });

  it("is not made where a step fails, which tells the end of what it printed", async () => {
    const folder = await folderWith({ build: "echo so far; exit 3" });
    for (const builds of [here(), await there()]) {
      await expect(build(builds, folder)).rejects.toMatchObject({
        code: "INVALID",
        message: expect.stringMatching(/wazo\/rules build failed with exit code 3/),
        details: { step: "building", log: "so far\n" },
      });
    }
  });

  it("can be asked of an API client, installed from the upload that it is kept as, and not twice built", async () => {
    const id = await uploadedFolder();
    const started = await server.call("POST", "/api/v1/deb/builds", { source: { type: "upload", id } });
    expect(started.status).toBe(202);
    const { result } = await server.ended(started.body.id);
    const again = { source: { type: "upload", id: result.upload } };
    const refused = await server.call("POST", "/api/v1/deb/builds", again);
    expect(await server.ended(refused.body.id)).toMatchObject({
      state: "failed",
      error: { code: "INVALID", message: `the upload ${result.upload} is a package already` },
    });
    const installed = await server.call("POST", "/api/v1/deb/tasks", { action: "install", ...again });
    expect(await server.ended(installed.body.id)).toMatchObject({
      state: "succeeded",
      result: { debSha256: result.debSha256 },
    });
    for (const [method, path] of [
      ["POST", "/api/v1/deb/builds"],
      ["GET", `/api/v1/deb/uploads/${result.upload}`],
    ] as const) {
      expect((await server.call(method, path, method === "POST" ? again : undefined, null)).status).toBe(401);
    }
  });

  async function uploadedFolder(): Promise<string> {
    const { folderArchive } = await import("../../../src/adapters/deb/plugctl/folder-archive.ts");
    const signal = new AbortController().signal;
    const pieces: Uint8Array[] = [];
    for await (const piece of await folderArchive(await folderWith(rules), { signal })) pieces.push(piece);
    const answer = await fetch(`${server.url}/api/v1/deb/uploads`, {
      method: "POST",
      headers: { "x-auth-token": server.token, "content-type": "application/x-tar" },
      body: Buffer.concat(pieces),
    });
    return ((await answer.json()) as { id: string }).id;
  }

  it("is nothing that a wazo-plugind can make", async () => {
    const { url } = await fakePlugind();
    const { on } = await openDebTarget({ url, token: TOKEN });
    await expect(build(on("builds"), await folderWith(rules))).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});
