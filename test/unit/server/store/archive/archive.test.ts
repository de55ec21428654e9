import { readdir } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Archive, readArchive } from "../../../../../src/server/store/archive/archive.ts";
import { Scratch } from "../../../../../src/server/store/archive/scratch.ts";
import { DEFAULT_SETTINGS } from "../../../../../src/server/store/settings.ts";
import { type Entry, inPieces, makeTar, makeTree, type Tree } from "../../../../helpers/archives.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";

const limits = DEFAULT_SETTINGS.archive;

async function read(bytes: Buffer, options: Partial<typeof limits> = {}, step?: number) {
  const scratch = new Scratch(await makeTempDir());
  onTestFinished(() => scratch.close());
  const archive = await readArchive(inPieces(bytes, step), scratch, { ...limits, ...options });
  return { archive, scratch };
}

async function contents(archive: Archive, scratch: Scratch): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const file of archive.files) {
    files[file.path] = (await scratch.bytes(file.offset, file.size)).toString("latin1");
  }
  return files;
}

const file = (name: string, content = "x"): Entry => ({ name, content });
const pkg = file("package/package.json", "{}");

const refused: [what: string, entries: Entry[], status: number, code: string, names: string][] = [
  ["a path that climbs out", [pkg, file("package/../../x")], 422, "unsafe_path", "package/../../x"],
  ["an absolute path", [pkg, file("/tmp/x")], 422, "unsafe_path", "/tmp/x"],
  ["a path of another system", [pkg, file("a\\..\\..\\x")], 422, "unsafe_path", "a\\\\..\\\\..\\\\x"],
  ["a drive letter", [pkg, file("C:/x")], 422, "unsafe_path", "C:/x"],
  ["a control character", [pkg, file("package/a\nb")], 422, "unsafe_path", "a\\nb"],
  ["an empty segment", [pkg, file("package//x")], 422, "unsafe_path", "package//x"],
  ["a dot segment", [pkg, file("package/./x")], 422, "unsafe_path", "package/./x"],
  ["a file of git's", [pkg, file("package/.git/config")], 422, "unsafe_path", ".git"],
  ["a file with secrets", [pkg, file("package/.env.local")], 422, "unsafe_path", ".env.local"],
  ["npm's settings", [pkg, file("package/.npmrc")], 422, "unsafe_path", ".npmrc"],
  ["installed packages", [pkg, file("package/Node_Modules/a/b.js")], 422, "unsafe_path", "Node_Modules"],
  ["a long segment", [pkg, file(`package/${"a".repeat(201)}`)], 422, "unsafe_path", "200 bytes"],
  [
    "a long path",
    [pkg, file(`package/${"abcdefghi/".repeat(11)}${`${"a".repeat(199)}/`.repeat(3)}x`)],
    422,
    "unsafe_path",
    "512 bytes",
  ],
  ["a deep path", [pkg, file(`package/${"a/".repeat(16)}x`)], 422, "unsafe_path", "16 levels"],
  ["an unsafe folder", [pkg, { name: "../x/", type: "directory" }], 422, "unsafe_path", "../x/"],
  [
    "a symbolic link, and a file below it",
    [pkg, { name: "package/etc", type: "symlink", linkname: "/etc" }, file("package/etc/passwd")],
    422,
    "link_not_allowed",
    "package/etc",
  ],
  [
    "a hard link",
    [pkg, { name: "package/p", type: "link", linkname: "../../../etc/passwd" }],
    422,
    "link_not_allowed",
    "package/p",
  ],
  [
    "a character device",
    [pkg, { name: "package/null", type: "character-device" }],
    422,
    "link_not_allowed",
    "character-device",
  ],
  ["a pipe", [pkg, { name: "package/pipe", type: "fifo" }], 422, "link_not_allowed", "fifo"],
  [
    "a sparse file",
    [pkg, { ...file("package/s"), pax: { "GNU.sparse.major": "1" } }],
    422,
    "link_not_allowed",
    "sparse",
  ],
  ["a file twice", [pkg, file("package/a.js"), file("package/a.js")], 422, "duplicate_path", "package/a.js"],
  [
    "names that differ in case",
    [pkg, file("package/Index.js"), file("package/index.js")],
    422,
    "duplicate_path",
    "package/index.js",
  ],
  [
    "names that differ in Unicode form",
    [pkg, file("package/caf\u00e9"), file("package/cafe\u0301")],
    422,
    "duplicate_path",
    "caf",
  ],
  [
    "a file where a folder is",
    [pkg, file("package/a/b"), file("package/A")],
    422,
    "duplicate_path",
    "package/A",
  ],
  [
    "a folder where a file is",
    [pkg, file("package/a"), file("package/a/b")],
    422,
    "duplicate_path",
    "package/a/b",
  ],
];

describe("an archive is refused, with a message that names the entry, for", () => {
  test.each(refused)("%s", async (_what, entries, status, code, names) => {
    const bytes = await makeTar(entries);
    for (const archive of [bytes, gzipSync(bytes)]) {
      await expect(read(archive)).rejects.toMatchObject({
        status,
        code,
        message: expect.stringContaining(names),
      });
    }
  });

  test("a name that is not UTF-8", async () => {
    const bytes = await makeTar([pkg, file("package/a")]);
    // The checksum of a header is the sum of its bytes.
    const at = bytes.lastIndexOf("package/a");
    bytes.writeUInt8(0xff, at + 8);
    bytes.write(
      (Number.parseInt(bytes.toString("latin1", at + 148, at + 154), 8) + 0xff - 0x61)
        .toString(8)
        .padStart(6, "0"),
      at + 148,
    );
    await expect(read(bytes)).rejects.toMatchObject({
      code: "unsafe_path",
      message: expect.stringContaining("UTF-8"),
    });
  });
});

describe("a damaged archive is refused:", () => {
  const bytes = makeTree({ "package.json": "{}", "index.js": "x".repeat(5000) });
  const cases: [string, (tar: Buffer) => Buffer][] = [
    ["empty", () => Buffer.alloc(0)],
    ["one byte", () => Buffer.from([0x1f])],
    ["not an archive", () => Buffer.from("<html>not found</html>".repeat(100))],
    ["cut within a file", (tar) => tar.subarray(0, 3000)],
    ["cut between two files", (tar) => tar.subarray(0, 1024)],
    ["without an end mark", (tar) => tar.subarray(0, tar.length - 1024)],
    ["gzip, cut", (tar) => gzipSync(tar).subarray(0, -30)],
    ["gzip, cut in its checksum", (tar) => gzipSync(tar).subarray(0, -2)],
    ["gzip, cut in its header", (tar) => gzipSync(tar).subarray(0, 6)],
    ["gzip with a second member", (tar) => Buffer.concat([gzipSync(tar), gzipSync(tar)])],
    ["gzip with something behind it", (tar) => Buffer.concat([gzipSync(tar), Buffer.alloc(1)])],
    ["gzip of something else", () => gzipSync("hello")],
    [
      "gzip with a wrong checksum",
      (tar) => {
        const packed = Buffer.from(gzipSync(tar));
        packed.writeUInt8(packed.readUInt8(packed.length - 6) ^ 1, packed.length - 6);
        return packed;
      },
    ],
  ];
  test.each(cases)("%s", async (_what, damage) => {
    const archive = damage(await bytes);
    await expect(read(archive)).rejects.toMatchObject({ status: 400, code: "bad_archive" });
    await expect(read(archive, {}, 1)).rejects.toMatchObject({ status: 400, code: "bad_archive" });
  });
});

describe("limits", () => {
  test("a bomb of one large file is refused by its header", async () => {
    const bomb = gzipSync(await makeTree({ "package.json": "{}", zeros: Buffer.alloc(300 * 1024 * 1024) }), {
      level: 9,
    });
    expect(bomb.length).toBeLessThan(310_000);
    await expect(read(bomb)).rejects.toMatchObject({
      status: 413,
      code: "file_too_large",
      message: expect.stringContaining("zeros"),
    });
  });

  test("a bomb of many files is refused by its ratio, long before it is unpacked", async () => {
    const zeros = Buffer.alloc(1024 * 1024);
    const tree = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`zeros-${index}`, zeros]));
    const bomb = gzipSync(await makeTree({ "package.json": "{}", ...tree }), { level: 9 });
    const scratch = new Scratch(await makeTempDir());
    onTestFinished(() => scratch.close());
    await expect(readArchive(inPieces(bomb), scratch, limits)).rejects.toMatchObject({
      status: 422,
      code: "ratio_exceeded",
    });
    expect(scratch.size).toBeLessThan(12 * 1024 * 1024);
  });

  test("too many entries, folders among them, end the reading", async () => {
    const entries: Entry[] = [
      pkg,
      { name: "package/a/", type: "directory" },
      file("package/b"),
      file("package/c"),
    ];
    await expect(read(await makeTar(entries), { entries: 3 })).rejects.toMatchObject({
      status: 422,
      code: "too_many_files",
      message: expect.stringContaining("package/c"),
    });
    await expect(read(await makeTar(entries), { entries: 4 })).resolves.toBeDefined();
  });

  test("the size of the upload, of what it unpacks to, and of one file are bounded", async () => {
    const bytes = await makeTree({ "package.json": "{}", a: "x".repeat(1000) });
    await expect(read(bytes, { archiveBytes: bytes.length - 1 })).rejects.toMatchObject({
      status: 413,
      code: "archive_too_large",
    });
    await expect(read(gzipSync(bytes), { unpackedBytes: bytes.length - 1 })).rejects.toMatchObject({
      status: 413,
      code: "archive_too_large",
    });
    await expect(read(bytes, { fileBytes: 999 })).rejects.toMatchObject({
      status: 413,
      code: "file_too_large",
    });
    await expect(
      read(gzipSync(bytes), { archiveBytes: bytes.length, unpackedBytes: bytes.length, fileBytes: 1000 }),
    ).resolves.toBeDefined();
  });
});

describe("the one top folder", () => {
  test.each(["package/", "orders-1.0.0/", "./", ""])("%j is taken off", async (top) => {
    const { archive, scratch } = await read(
      await makeTree({ "package.json": "{}", "dist/index.js": "x" }, top),
    );
    expect(await contents(archive, scratch)).toEqual({ "package.json": "{}", "dist/index.js": "x" });
  });

  test("stays when it does not hold the package.json, or is not the only one", async () => {
    const deeper = await read(await makeTree({ "a/package.json": "{}" }, "top/"));
    expect(deeper.archive.files.map(({ path }) => path)).toEqual(["top/a/package.json"]);
    const two = await read(await makeTar([pkg, file("other/x")]));
    expect(two.archive.files.map(({ path }) => path)).toEqual(["other/x", "package/package.json"]);
  });

  test("a dot that is not the top of all is unsafe", async () => {
    const bytes = await makeTar([file("./package.json", "{}"), file("index.js")]);
    await expect(read(bytes)).rejects.toMatchObject({ code: "unsafe_path" });
  });
});

test("long and non-ASCII names survive, in NFC", async () => {
  const tree = {
    "package.json": "{}",
    [`${"folder/".repeat(14)}${"n".repeat(150)}.js`]: "a",
    "cafe\u0301.js": "b",
  };
  const { archive, scratch } = await read(await makeTree(tree));
  const found = await contents(archive, scratch);
  expect(found["caf\u00e9.js"]).toBe("b");
  expect(found[`${"folder/".repeat(14)}${"n".repeat(150)}.js`]).toBe("a");
});

const segment = fc
  .stringMatching(/^[a-z0-9_ äß.-]{1,12}$/)
  .filter((text) => !/^\.{1,2}$|^\.git$|^\.env|^\.npmrc$|^node_modules$/.test(text));
const legalTree = fc
  .dictionary(
    fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")),
    fc.string({ maxLength: 2000, unit: "binary-ascii" }),
    {
      noNullPrototype: true,
      maxKeys: 12,
    },
  )
  .filter((tree) => {
    const paths = Object.keys(tree);
    return !paths.some(
      (path) =>
        path === "package.json" ||
        paths.some((other) => other.startsWith(`${path}/`)) ||
        path.startsWith("package.json/"),
    );
  })
  .map((tree): Tree => ({ ...tree, "package.json": "{}" }));

test("any tree of legal paths comes back as it was, however it is packed and cut into pieces", async () => {
  await fc.assert(
    fc.asyncProperty(
      legalTree,
      fc.boolean(),
      fc.integer({ min: 1, max: 5000 }),
      async (tree, zipped, step) => {
        const tar = await makeTree(tree);
        const scratch = new Scratch("/nonexistent");
        const archive = await readArchive(inPieces(zipped ? gzipSync(tar) : tar, step), scratch, limits);
        expect(await contents(archive, scratch)).toEqual(tree);
      },
    ),
    { numRuns: 60 },
  );
});

test("a changed archive gives either exactly legal files or a refusal, and never an unknown error", async () => {
  const tar = await makeTree({ "package.json": "{}", "dist/index.js": "x".repeat(700), "dist/a/b.css": "y" });
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(
      changes,
      fc.boolean(),
      fc.option(fc.nat(), { nil: undefined }),
      async (bytes, zipped, cut) => {
        const changed = Buffer.from(zipped ? gzipSync(tar) : tar);
        for (const [at, value] of bytes) changed.writeUInt8(value, at % changed.length);
        const sent = cut === undefined ? changed : changed.subarray(0, cut % changed.length);
        const scratch = new Scratch("/nonexistent");
        try {
          const archive = await readArchive(inPieces(sent), scratch, limits);
          for (const { path } of archive.files) expect(path).not.toMatch(/^\/|\\|(^|\/)\.\.?(\/|$)/);
        } catch (error) {
          expect([400, 413, 422]).toContain((error as { status?: number }).status);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("content beyond a mebibyte waits in a file without a name, and is read back whole", async () => {
  const directory = await makeTempDir();
  const scratch = new Scratch(directory);
  onTestFinished(() => scratch.close());
  const big = Buffer.alloc(3_000_000, "abcdefg");
  const archive = await readArchive(inPieces(await makeTree({ "package.json": "{}", big })), scratch, limits);
  expect(await readdir(directory)).toEqual([]);
  const [first] = archive.files;
  expect(first?.path).toBe("big");
  expect((await scratch.bytes(first?.offset ?? 0, first?.size ?? 0)).equals(big)).toBe(true);
});
