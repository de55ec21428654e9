import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { GitCatalogue } from "../../../../src/engine/catalogue/git.ts";
import { GitRepository } from "../../../../src/engine/catalogue/git-repository.ts";
import { checkGitRef, checkGitUrl } from "../../../../src/git/url.ts";
import { pluginFile } from "../../../helpers/catalogue-files.ts";
import { makeRepository } from "../../../helpers/git-repository.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

/** A repository in which `lab` had 1.0.0, then 1.1.0, and 1.1.0-1 is the newest. */
async function published() {
  const repository = await makeRepository();
  repository.commit({ "lab_dir/plugin.json": pluginFile("lab", "1.0.0"), "lab_dir/README.md": "old" }, [
    "lab/v1.0.0",
  ]);
  repository.commit({ "lab_dir/plugin.json": pluginFile("lab", "1.1.0"), "lab_dir/README.md": "newer" }, [
    "lab/v1.1.0",
  ]);
  repository.commit({
    "lab_dir/plugin.json": pluginFile("lab", "1.1.0-1"),
    "lab_dir/README.md": "newest",
    "lab_dir/config/a.yml": "a: 1",
    "other/plugin.json": pluginFile("other", "0.1.0"),
  });
  return repository;
}

describe("GitCatalogue", () => {
  it("lists what the newest commit has, and reads the files around an entry", async () => {
    const { url } = await published();
    const catalogue = new GitCatalogue({ url, cache: await makeTempDir() });
    const { entries, problems } = await catalogue.list();
    expect(entries.map(({ name, version, directory }) => [name, version, directory])).toEqual([
      ["lab", "1.1.0-1", "lab_dir"],
      ["other", "0.1.0", "other"],
    ]);
    expect(problems).toEqual([]);
    const lab = await catalogue.entry("lab");
    expect(await lab.readme()).toBe("newest");
    expect(Buffer.from(await lab.asset("config/a.yml")).toString()).toBe("a: 1");
    expect(readFileSync(join(await lab.folder(), "config/a.yml"), "utf8")).toBe("a: 1");
  });

  it("finds older versions by their tags", async () => {
    const { url } = await published();
    const catalogue = new GitCatalogue({ url, cache: await makeTempDir() });
    expect(await catalogue.versions("lab")).toEqual(["1.1.0-1", "1.1.0", "1.0.0"]);
    expect(await (await catalogue.entry("lab", "1.0.0")).readme()).toBe("old");
    expect((await catalogue.entry("lab_dir", "1.1.0")).entry.version).toBe("1.1.0");
    await expect(catalogue.entry("lab", "9.9.9")).rejects.toMatchObject({
      code: "NOT_FOUND",
      hint: "versions: 1.1.0-1, 1.1.0, 1.0.0",
    });
    await expect(catalogue.entry("absent")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("sees a new commit when what it knows is too old, and not before", async () => {
    const repository = await published();
    const cache = await makeTempDir();
    const patient = new GitCatalogue({ url: repository.url, cache, maxAgeSeconds: 3600 });
    const eager = new GitCatalogue({ url: repository.url, cache, maxAgeSeconds: 0 });
    await patient.list();
    repository.commit({ "lab_dir/plugin.json": pluginFile("lab", "2.0.0") });
    expect((await patient.entry("lab")).entry.version).toBe("1.1.0-1");
    expect((await eager.entry("lab")).entry.version).toBe("2.0.0");
  });

  it("goes on with what it has when the repository cannot be reached, and says so", async () => {
    const repository = await published();
    const catalogue = new GitCatalogue({ url: repository.url, cache: await makeTempDir(), maxAgeSeconds: 0 });
    await catalogue.list();
    rmSync(repository.folder, { recursive: true });
    const { entries, problems } = await catalogue.list();
    expect(entries).toHaveLength(2);
    expect(problems).toEqual([expect.stringMatching(/^cannot read file:.*; shown as of \d{4}-/)]);
  });

  it("reads one folder of a repository, at a branch", async () => {
    const repository = await published();
    repository.git("switch", "--quiet", "--create", "beta");
    repository.commit({ "plugins/x/plugin.json": pluginFile("x") });
    repository.git("switch", "--quiet", "main");
    const catalogue = new GitCatalogue({
      url: repository.url,
      cache: await makeTempDir(),
      ref: "beta",
      directory: "plugins",
    });
    expect((await catalogue.list()).entries.map(({ name }) => name)).toEqual(["x"]);
  });
});

describe("GitRepository", () => {
  it("writes no link, so that nothing leads out of the checkout", async () => {
    const repository = await makeRepository();
    symlinkSync("/etc/passwd", join(repository.folder, "link"));
    repository.commit({});
    const { folder } = await new GitRepository({
      url: repository.url,
      cache: await makeTempDir(),
    }).checkout();
    expect(readFileSync(join(folder, "link"), "utf8")).toBe("/etc/passwd");
    expect(readdirSync(folder)).toEqual(["link"]);
  });

  it("takes a whole commit id, and says which ref there is not", async () => {
    const repository = await makeRepository();
    const first = repository.commit({ a: "1" });
    const last = repository.commit({ a: "2" });
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true");
    const reader = new GitRepository({ url: repository.url, cache: await makeTempDir() });
    expect(readFileSync(join((await reader.checkout(first)).folder, "a"), "utf8")).toBe("1");
    expect((await reader.checkout("main")).commit).toBe(last);
    await expect(reader.checkout("nope")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("leaves nothing behind when a commit is larger than allowed", async () => {
    const repository = await makeRepository();
    repository.commit({ a: "x".repeat(100_000), b: "y" });
    const cache = await makeTempDir();
    const reader = (limits: object) => new GitRepository({ url: repository.url, cache, limits });
    await expect(reader({ treeBytes: 10_000 }).checkout()).rejects.toMatchObject({ code: "INVALID" });
    await expect(reader({ fetchBytes: 10 }).checkout()).rejects.toMatchObject({ code: "INVALID" });
    await expect(reader({ treeFiles: 1 }).checkout()).rejects.toMatchObject({ code: "INVALID" });
    const left = readdirSync(cache).flatMap((name) => readdirSync(join(cache, name)));
    expect(left).toEqual(["refs.json"]);
  });

  it("clears away what an interrupted fetch left, and checkouts that were not used lately", async () => {
    const repository = await makeRepository();
    const cache = await makeTempDir();
    const reader = new GitRepository({ url: repository.url, cache, maxAgeSeconds: 0 });
    repository.commit({ a: "0" });
    const { folder: oldest } = await reader.checkout();
    const left = join(dirname(oldest), "fetch-left");
    mkdirSync(left);
    for (const path of [left, oldest]) utimesSync(path, 0, 0);
    for (let round = 1; round <= 9; round++) {
      repository.commit({ a: String(round) });
      await reader.checkout();
    }
    expect(existsSync(left)).toBe(false);
    expect(existsSync(oldest)).toBe(false);
    expect(readdirSync(dirname(oldest)).filter((name) => /^[0-9a-f]{40}$/.test(name))).toHaveLength(9);
  });

  it("serves several readers of the same commit at once", async () => {
    const { url } = await published();
    const cache = await makeTempDir();
    const checkouts = await Promise.all([1, 2, 3].map(() => new GitRepository({ url, cache }).checkout()));
    expect(new Set(checkouts.map(({ folder }) => folder)).size).toBe(1);
    expect(existsSync(join(checkouts[0]?.folder ?? "", "lab_dir/plugin.json"))).toBe(true);
  });

  it("says that there is no repository", async () => {
    const reader = new GitRepository({ url: "file:///nonexistent/x", cache: await makeTempDir() });
    await expect(reader.checkout()).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(/^cannot read file:\/\/\/nonexistent\/x: /),
    });
  });

  it("works in an environment that would make git run programs", async () => {
    const { url } = await published();
    const names = ["GIT_SSH_COMMAND", "EDITOR", "PAGER", "GIT_ASKPASS", "GIT_EXTERNAL_DIFF"];
    for (const name of names) process.env[name] = "/bin/false";
    try {
      await new GitRepository({ url, cache: await makeTempDir() }).checkout();
    } finally {
      for (const name of names) delete process.env[name];
    }
  });
});

describe("checkGitUrl", () => {
  it.each([
    "https://git.example.com/acme/plugins.git",
    "ssh://git@git.example.com:2222/acme/plugins",
    "git@git.example.com:acme/plugins.git",
    "file:///srv/plugins",
  ])("accepts %s", (url) => {
    expect(checkGitUrl(url)).toBe(url);
  });

  it.each([
    "",
    "--upload-pack=touch /tmp/x",
    "-oProxyCommand=x:y",
    "ext::sh -c touch% /tmp/x",
    "fd::17",
    "ftp://git.example.com/x",
    "ssh://-oProxyCommand=x/y",
    "ssh://%2doProxyCommand=x/y",
    "ssh://-u@host/y",
    "https://user:secret@git.example.com/x",
    "https://git.example.com/x\n--option",
    "plugins",
    "git@-oProxyCommand:x",
    "git@host:-x",
  ])("refuses %j, and never shows a password", (url) => {
    expect(() => checkGitUrl(url)).toThrowError(expect.objectContaining({ code: "INVALID" }));
    expect(() => checkGitUrl(url)).not.toThrowError(/secret/);
  });
});

describe("checkGitRef", () => {
  it.each(["main", "release/1.x", "lab/v1.0.0-1", "a".repeat(40)])("accepts %s", (ref) => {
    expect(checkGitRef(ref)).toBe(ref);
  });

  it.each(["", "-x", "--upload-pack=x", "a..b", "a@{1}", "a b", "a:b", "refs/x.lock", "a^", "a/"])(
    "refuses %j",
    (ref) => {
      expect(() => checkGitRef(ref)).toThrowError(/is not the name/);
    },
  );
});
