import { chmod, mkdir, readdir, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { extract } from "tar-stream";
import { describe, expect, it } from "vitest";
import { treeSha256 } from "../../../../src/adapters/store/digest.ts";
import { packFolder } from "../../../../src/adapters/store/pack.ts";
import { openTarball } from "../../../../src/adapters/store/tarball.ts";
import { treeSha256 as treeSha256OfServer } from "../../../../src/server/store/publish/tree.ts";
import { writeFiles } from "../../../helpers/plugin-folder.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

const SIGNAL = new AbortController().signal;
const MANIFEST = { name: "maps", version: "1.0.0" };

const pack = (folder: string) => packFolder(folder, () => {}, SIGNAL);

async function packed(files: Record<string, string | Uint8Array | object>) {
  await using archive = await pack(await writeFiles(await makeTempDir(), files));
  return archive.files.map(({ path }) => path);
}

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}

const failure = async (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("it succeeded"),
    (error) => error,
  );

/** Names that npm's rules and file systems treat as any other. */
const segment = fc
  .stringMatching(/^[a-z\u00e4\u4e2d@][a-z0-9 _.\u00e4-]{0,12}$/u)
  .filter((name) => /[a-z0-9]$/.test(name) && !/^(?:core|node_modules|build|.*\.orig)$/.test(name))
  .map((name) => `x${name.normalize("NFC")}`);
const tree = fc.dictionary(
  fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => `dist/${segments.join("/")}.bin`),
  fc.uint8Array({ maxLength: 3000 }),
  { maxKeys: 12 },
);

describe("packing", () => {
  it("gives equal bytes for equal content, whatever order, time and mode the files have", async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.date({ noInvalidDate: true }), async (files, time) => {
        const all: Record<string, object> = {
          ...files,
          "package.json": MANIFEST,
          "index.js": Buffer.from("1"),
        };
        const first = await writeFiles(await makeTempDir(), all);
        const second = await writeFiles(
          await makeTempDir(),
          Object.fromEntries(Object.entries(all).reverse()),
        );
        const seconds = Math.abs(time.getTime() / 1000) % 2 ** 31;
        await utimes(join(second, "index.js"), seconds, seconds);
        await chmod(join(second, "index.js"), 0o755);
        await using a = await pack(first);
        await using b = await pack(second);
        expect(b.sha256).toBe(a.sha256);
        expect(await bytesOf(b.read())).toEqual(await bytesOf(a.read()));
      }),
      { numRuns: 15 },
    );
  });

  it("is read back as the same tree, which the store computes in the same way", async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (files) => {
        const folder = await writeFiles(await makeTempDir(), {
          ...files,
          "package.json": MANIFEST,
          "index.js": "1",
        });
        await using archive = await pack(folder);
        const copy = join(await makeTempDir(), "copy.tgz");
        await writeFile(copy, await bytesOf(archive.read()));
        await using again = await openTarball(copy, SIGNAL);
        expect(again.files).toEqual(archive.files);
        expect(archive.files).toHaveLength(Object.keys(files).length + 2);
        expect(treeSha256(again.files)).toBe(treeSha256OfServer(archive.files));
        expect(again).toMatchObject({ sha256: archive.sha256, sizeBytes: archive.sizeBytes });
      }),
      { numRuns: 15 },
    );
  });

  it("digests a tree without regard to the order of its files", () => {
    const file = fc.record({
      path: fc.string(),
      size: fc.nat(),
      sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(file, { selector: ({ path }) => path }),
        fc.infiniteStream(fc.nat()),
        (files, keys) => {
          const shuffled = files
            .map((entry) => ({ entry, key: keys.next().value }))
            .sort((a, b) => a.key - b.key)
            .map(({ entry }) => entry);
          expect(treeSha256(shuffled)).toBe(treeSha256(files));
          expect(treeSha256(files)).toBe(treeSha256OfServer(files));
        },
      ),
    );
  });

  it("writes entries as npm does: below package/, sorted, one time, one mode, nobody's", async () => {
    const folder = await writeFiles(await makeTempDir(), {
      "package.json": MANIFEST,
      "index.js": "1",
      "Zed.txt": "z",
      "a/b.txt": "b",
    });
    await using archive = await pack(folder);
    const tar = extract();
    tar.end(gunzipSync(await bytesOf(archive.read())));
    const headers: object[] = [];
    for await (const entry of tar) {
      headers.push(entry.header);
      entry.resume();
    }
    expect(headers).toMatchObject(
      ["Zed.txt", "a/b.txt", "index.js", "package.json"].map((path) => ({
        name: `package/${path}`,
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: new Date("1985-10-26T08:15:00.000Z"),
        type: "file",
      })),
    );
  });

  it("reports each file, and leaves no file behind", async () => {
    const isOurs = (name: string) => /^plugctl-[0-9a-f]{8}-/.test(name);
    const before = (await readdir(tmpdir())).filter(isOurs);
    const folder = await writeFiles(await makeTempDir(), { "package.json": MANIFEST, "index.js": "1" });
    const seen: unknown[] = [];
    await using archive = await packFolder(folder, (event) => seen.push(event), SIGNAL);
    expect(seen).toMatchObject([
      { phase: "packing", done: 1, total: 2, unit: "files" },
      { phase: "packing", done: 2, total: 2, unit: "files" },
    ]);
    expect((await readdir(tmpdir())).filter(isOurs)).toEqual(before);
    expect((await bytesOf(archive.read())).length).toBe(archive.sizeBytes);
  });

  it("packs a file that is much larger than what it holds in memory at once", async () => {
    const big = new Uint8Array(5_000_000).map((_, index) => index * index);
    const folder = await writeFiles(await makeTempDir(), {
      "package.json": MANIFEST,
      "index.js": "1",
      "big.bin": big,
    });
    await using archive = await pack(folder);
    expect(archive.files.find(({ path }) => path === "big.bin")?.size).toBe(big.length);
  });
});

describe("the choice of files", () => {
  const files = {
    "package.json": { ...MANIFEST, files: ["dist", "!dist/**/*.map"], main: "main.js" },
    "README.md": "r",
    LICENSE: "l",
    "main.js": "1",
    "dist/index.js": "1",
    "dist/index.js.map": "1",
    "src/index.ts": "1",
    "node_modules/x/index.js": "1",
    ".npmrc": "//registry/:_authToken=secret",
    ".git/config": "1",
  };

  it("follows the files list, and always takes package.json, README, LICENSE and main", async () => {
    expect(await packed(files)).toEqual(["LICENSE", "README.md", "dist/index.js", "main.js", "package.json"]);
  });

  it("follows .npmignore, else .gitignore, where there is no list", async () => {
    const { "package.json": _, ...rest } = files;
    const unlisted = { ...rest, "package.json": MANIFEST, "index.js": "1" };
    const common = ["LICENSE", "README.md"];
    expect(await packed({ ...unlisted, ".gitignore": "dist\nmain.js\n" })).toEqual([
      ...common,
      "index.js",
      "package.json",
      "src/index.ts",
    ]);
    expect(
      await packed({ ...unlisted, ".gitignore": "dist", ".npmignore": "src\n*.map\nmain.js\n" }),
    ).toEqual([...common, "dist/index.js", "index.js", "package.json"]);
  });

  it("takes a folder whose name starts with @", async () => {
    expect(await packed({ "package.json": MANIFEST, "index.js": "1", "@scope/x.js": "1" })).toEqual([
      "@scope/x.js",
      "index.js",
      "package.json",
    ]);
  });

  it("refuses symbolic links that it would take, by name, and minds no others", async () => {
    const folder = await writeFiles(await makeTempDir(), {
      "package.json": MANIFEST,
      "index.js": "1",
      "sub/a.txt": "1",
    });
    await symlink("/etc/passwd", join(folder, "sub", "users.txt"));
    await symlink("sub", join(folder, "alias"));
    const error = await failure(pack(folder));
    expect(error).toMatchObject({
      code: "INVALID",
      message: "symbolic links cannot be published: alias, sub/users.txt",
    });
    await writeFiles(folder, { "package.json": { ...MANIFEST, files: ["index.js"] } });
    await using archive = await pack(folder);
    expect(archive.files).toHaveLength(2);
  });

  it("refuses a link that the files list names, which npm would pass over", async () => {
    const folder = await writeFiles(await makeTempDir(), {
      "package.json": { ...MANIFEST, files: ["./dist/"] },
      "index.js": "1",
      "real/index.js": "1",
    });
    await symlink("real", join(folder, "dist"));
    expect(await failure(pack(folder))).toMatchObject({
      code: "INVALID",
      message: "symbolic links cannot be published: dist",
    });
  });
});

describe("a folder that is no plugin", () => {
  it("lacks a package.json", async () => {
    const folder = await makeTempDir();
    const error = await failure(pack(folder));
    expect(error).toMatchObject({ code: "INVALID" });
    expect(error.message).toBe(`${folder} has no package.json`);
  });

  it("has one that is a folder", async () => {
    const folder = await makeTempDir();
    await mkdir(join(folder, "package.json"));
    expect(await failure(pack(folder))).toMatchObject({ code: "INVALID" });
  });

  it.each([
    ["plugctl.entry", { plugctl: { entry: "./dist/plugin.js" } }, "./dist/plugin.js"],
    ["exports", { exports: { ".": { types: "./x.d.ts", import: "./dist/a.js" } } }, "./dist/a.js"],
    ["exports as one path", { exports: "./dist/b.js" }, "./dist/b.js"],
    ["module", { module: "dist/c.js" }, "dist/c.js"],
    ["main", { main: "lib" }, "lib"],
  ])("is not built: %s names a file that is not there", async (_, more, missing) => {
    const folder = await writeFiles(await makeTempDir(), {
      "package.json": { ...MANIFEST, ...more, scripts: { build: "vite build" } },
      "vite.config.js": "the only script there is",
    });
    const error = await failure(pack(folder));
    expect(error.code).toBe("INVALID");
    expect(error.message).toBe(`the entry file ${missing} of package.json is not among the files to publish`);
    expect(error.hint).toContain("npm run build");
  });

  it("is built where bundlers look for main, or leaves the entry to the store", async () => {
    expect(await packed({ "package.json": { ...MANIFEST, main: "lib" }, "lib/index.js": "1" })).toContain(
      "lib/index.js",
    );
    expect(await packed({ "package.json": MANIFEST, "only.js": "1" })).toContain("only.js");
  });
});
