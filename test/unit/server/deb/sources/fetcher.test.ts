import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readlinkSync, statSync, symlinkSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createSourceFetcher } from "../../../../../src/server/deb/sources/fetcher.ts";
import { makeRepository } from "../../../../helpers/git-repository.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";
import { makeWorkshop, pluginFiles, pluginRepository, writeFiles } from "../../../../helpers/wazo-plugin.ts";

const git = (url: string, ref?: string, directory?: string) =>
  ({ type: "git", url, ref, directory }) as const;

describe("createSourceFetcher with git", () => {
  it("brings the files as they are: executable ones, links within, bytes of lines", async () => {
    const { sources, follow, steps } = await makeWorkshop();
    const repository = await pluginRepository({ ...pluginFiles(), "a.txt": "one\r\ntwo\n" });
    symlinkSync("wazo/rules", join(repository.folder, "link"));
    const commit = repository.commit({});
    const tree = await sources.fetch(git(repository.url), follow());
    expect(steps).toEqual(["downloading", "extracting"]);
    expect(tree.commit).toBe(commit);
    expect(statSync(join(tree.folder, "wazo/rules")).mode & 0o777).toBe(0o755);
    expect(statSync(join(tree.folder, "a.txt")).mode & 0o777).toBe(0o644);
    expect(readFileSync(join(tree.folder, "a.txt"), "latin1")).toBe("one\r\ntwo\n");
    expect(readlinkSync(join(tree.folder, "link"))).toBe("wazo/rules");
    expect(existsSync(join(tree.folder, ".git"))).toBe(false);
    expect(tree.sourceDate).toBe(Number(repository.git("log", "-1", "--format=%ct")));
    expect(statSync(join(tree.folder, "a.txt")).mtimeMs).toBe(tree.sourceDate * 1000);
  });

  it("takes master where there is one, else what HEAD is", async () => {
    const { sources, follow } = await makeWorkshop();
    const repository = await pluginRepository(pluginFiles());
    const main = repository.git("rev-parse", "HEAD").trim();
    expect((await sources.fetch(git(repository.url), follow())).commit).toBe(main);
    repository.git("switch", "--quiet", "--create", "master");
    const master = repository.commit({ b: "2" });
    repository.git("switch", "--quiet", "main");
    expect((await sources.fetch(git(repository.url), follow())).commit).toBe(master);
  });

  it("takes a branch, a tag of either kind and a commit", async () => {
    const { sources, follow } = await makeWorkshop();
    const repository = await pluginRepository(pluginFiles());
    const first = repository.commit({ a: "1" }, ["v1"]);
    repository.git("tag", "light");
    repository.commit({ a: "2" });
    repository.git("branch", "feature/x");
    for (const [ref, content] of [
      ["v1", "1"],
      ["light", "1"],
      [first, "1"],
      ["feature/x", "2"],
    ] as const) {
      const tree = await sources.fetch(git(repository.url, ref), follow());
      expect(readFileSync(join(tree.folder, "a"), "utf8")).toBe(content);
    }
  });

  it("gives equal trees equal digests, whatever brought them", async () => {
    const { sources, follow } = await makeWorkshop();
    const files = { ...pluginFiles(), "etc/a.conf": "a" };
    const one = await sources.fetch(git((await pluginRepository(files)).url), follow());
    const folder = await makeTempDir();
    await writeFiles(join(folder, "hello"), files);
    await mkdir(join(folder, "hello/.git"));
    await writeFile(join(folder, "hello/.git/config"), "x");
    const archive = join(folder, "plugin.tar.gz");
    execFileSync("tar", ["czf", archive, "-C", folder, "hello"]);
    const other = await sources.fetch({ type: "archive", sha256: archive }, follow());
    expect(other.treeSha256).toBe(one.treeSha256);
    const changed = await sources.fetch(
      git((await pluginRepository({ ...files, "etc/a.conf": "b" })).url),
      follow(),
    );
    expect(changed.treeSha256).not.toBe(one.treeSha256);
  });

  it("takes a folder of the repository", async () => {
    const { sources, follow, left } = await makeWorkshop();
    const repository = await makeRepository();
    repository.commit({ "a/b/wazo/plugin.yml": "x", c: "1" });
    const tree = await sources.fetch(git(repository.url, "main", "./a/b/"), follow());
    expect(readFileSync(join(tree.folder, "wazo/plugin.yml"), "utf8")).toBe("x");
    await sources.discard(tree);
    expect(await left()).toEqual([]);
  });

  it.each([
    ["/etc", "INVALID"],
    ["../x", "INVALID"],
    ["a/../../x", "INVALID"],
    ["link/wazo", "INVALID"],
    ["c", "INVALID"],
    ["absent", "NOT_FOUND"],
    ["a\n", "INVALID"],
  ])("refuses the folder %j, and leaves nothing behind", async (directory, code) => {
    const { sources, follow, left } = await makeWorkshop();
    const repository = await makeRepository();
    symlinkSync("a", join(repository.folder, "link"));
    repository.commit({ "a/wazo/plugin.yml": "x", c: "1" });
    await expect(sources.fetch(git(repository.url, undefined, directory), follow())).rejects.toMatchObject({
      code,
      details: { step: "extracting" },
    });
    expect(await left()).toEqual([]);
  });

  it.each([
    ["--upload-pack=touch /tmp/x", undefined],
    ["ext::sh -c touch% /tmp/x", undefined],
    ["-oProxyCommand=x:y", undefined],
    ["ssh://-oProxyCommand=x/y", undefined],
    ["https://user:secret@git.example.com/x", undefined],
    ["file:///srv/x", "--upload-pack=x"],
    ["file:///srv/x", "-x"],
    ["file:///srv/x", "a..b"],
    ["file:///srv/x", "a b"],
  ])("refuses the address %j with the ref %j", async (url, ref) => {
    const { sources, follow, left } = await makeWorkshop();
    await expect(sources.fetch(git(url, ref), follow())).rejects.toMatchObject({
      code: "INVALID",
      details: { step: "downloading" },
    });
    expect(await left()).toEqual([]);
  });

  it("reads no repository in the server's own folder, whatever link leads there", async () => {
    const { sources, follow, dataDir } = await makeWorkshop();
    const link = join(await makeTempDir(), "link");
    symlinkSync(dataDir, link);
    for (const path of [dataDir, link, `${dataDir}/x/../y`]) {
      await expect(sources.fetch(git(`file://${path}`), follow())).rejects.toThrow(
        /a folder of the server's own/,
      );
    }
  });

  it.each(["/etc/passwd", "../../etc/passwd", ".."])("refuses a link that leads to %j", async (target) => {
    const { sources, follow, left } = await makeWorkshop();
    const repository = await makeRepository();
    symlinkSync(target, join(repository.folder, "x"));
    repository.commit({});
    await expect(sources.fetch(git(repository.url), follow())).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringContaining("leads out of the plugin's folder"),
    });
    expect(await left()).toEqual([]);
  });

  it("refuses a link that leads out by way of another one, as if it did not", async () => {
    const { sources, follow } = await makeWorkshop();
    const repository = await makeRepository();
    await mkdir(join(repository.folder, "sub/deep"), { recursive: true });
    symlinkSync("..", join(repository.folder, "sub/deep/up"));
    symlinkSync("deep/up/../..", join(repository.folder, "sub/x"));
    repository.commit({});
    await expect(sources.fetch(git(repository.url), follow())).rejects.toThrow(/the link "sub\/x" leads out/);
  });

  it("says what is not there", async () => {
    const { sources, follow } = await makeWorkshop();
    await expect(sources.fetch(git("file:///nonexistent/x"), follow())).rejects.toMatchObject({
      code: "NOT_FOUND",
      details: { step: "downloading" },
    });
    const { url } = await pluginRepository(pluginFiles());
    await expect(sources.fetch(git(url, "absent"), follow())).rejects.toThrow(
      `${url} has no branch, tag or commit absent`,
    );
    await expect(sources.fetch(git(url, "abcdef0"), follow())).rejects.toMatchObject({
      hint: "a commit is named by its whole id",
    });
  });

  it("stops when it is cancelled, and at its limits", async () => {
    const { sources, follow, left, dataDir } = await makeWorkshop();
    const { url } = await pluginRepository({ ...pluginFiles(), big: "x".repeat(100_000) });
    await expect(sources.fetch(git(url), follow(AbortSignal.abort()))).rejects.toMatchObject({
      code: "CANCELLED",
    });
    const small = createSourceFetcher({
      folder: join(dataDir, "sources"),
      blobs: { open: () => Promise.reject(new Error("none")) },
      closed: [],
      limits: { treeBytes: 10_000 },
    });
    await expect(small.fetch(git(url), follow())).rejects.toMatchObject({ code: "INVALID" });
    expect(await left()).toEqual([]);
  });

  it("clears away what a process that was killed has left", async () => {
    const folder = await makeTempDir();
    await mkdir(join(folder, "source-old/tree"), { recursive: true });
    const { follow } = await makeWorkshop();
    const sources = createSourceFetcher({
      folder,
      blobs: { open: () => Promise.reject(new Error("none")) },
      closed: [],
    });
    await sources.fetch(git((await pluginRepository(pluginFiles())).url), follow());
    expect(existsSync(join(folder, "source-old"))).toBe(false);
  });
});
