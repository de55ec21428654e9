import { randomFillSync } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type Entry, makeTar, makeTree, pluginTree, type Tree } from "../../helpers/archives.ts";
import type { BadPlugin } from "./rows.ts";

const MiB = 1024 * 1024;
const file = (name: string, content: string | Buffer = "x"): Entry => ({ name, content });

/** A plugin that would be good without what comes on top of it. */
const good = Object.entries(pluginTree("@acme/atlas", "1.0.0")).map(([path, content]) =>
  file(`package/${path}`, content),
);
const withEntries = (...entries: Entry[]) => makeTar([...good, ...entries]);
const tree = (more: Tree = {}) => makeTree(pluginTree("@acme/atlas", "1.0.0", more));
const random = (bytes: number) => randomFillSync(Buffer.alloc(bytes));
const flipped = (bytes: Buffer, at: number) => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8((copy.at(at) ?? 0) ^ 0xff, at < 0 ? copy.length + at : at);
  return copy;
};

/** About 100 times smaller when packed: below the ratio of a bomb, and too much all the same. */
function compressible(bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 16_384) randomFillSync(content, at, 128);
  return content;
}

const unsafe = { status: 422, code: "unsafe_path" };
const notAFile = { status: 422, code: "link_not_allowed", locally: ["no regular file"] };
const twice = { status: 422, code: "duplicate_path" };
const damaged = { status: 400, code: "bad_archive", locally: ["is not a tar archive, or is damaged"] };

export const BAD_ARCHIVES: readonly BadPlugin[] = [
  // Where a file would go.
  {
    what: "a path that leaves the archive",
    archive: () => withEntries(file("package/../../evil.js")),
    ...unsafe,
    says: ['"package/../../evil.js"', '".." segment'],
  },
  {
    what: "an absolute path",
    archive: () => withEntries(file("/etc/cron.d/evil")),
    ...unsafe,
    locally: ["plugin.tgz"],
    says: ['"/etc/cron.d/evil"', "absolute path"],
  },
  {
    what: "a Windows drive",
    archive: () => withEntries(file("C:/evil.js")),
    ...unsafe,
    locally: ["plugin.tgz"],
    says: ['"C:/evil.js"', "absolute path"],
  },
  {
    what: "a backslash",
    archive: () => withEntries(file("package\\..\\evil.js")),
    ...unsafe,
    locally: ["plugin.tgz"],
    says: ["backslash"],
  },
  {
    what: "an empty path segment",
    archive: () => withEntries(file("package//a.js")),
    ...unsafe,
    says: ["empty path segment"],
  },
  {
    what: "a NUL in a path",
    archive: () => withEntries({ ...file("package/a.js"), pax: { path: "package/a\0.js" } }),
    ...unsafe,
    says: ["control character"],
  },
  {
    what: "a line break in a path",
    archive: () => withEntries(file("package/a\nb.js")),
    ...unsafe,
    says: ["control character"],
  },
  {
    what: "a path that is no UTF-8",
    archive: async () => replaced(await withEntries(file("package/XX.js")), "XX", [0xc3, 0x28]),
    ...unsafe,
    says: ["UTF-8"],
  },
  {
    what: "a path of 20 levels",
    archive: () => tree({ [`${"d/".repeat(20)}a.js`]: "x" }),
    ...unsafe,
    says: ["more than 16 levels deep"],
  },
  {
    what: "a name of 300 characters",
    archive: () => tree({ [`${"n".repeat(300)}.js`]: "x" }),
    ...unsafe,
    says: ["longer than 200 bytes"],
  },
  {
    what: "a path of 600 characters",
    archive: () => tree({ [`${`${"p".repeat(150)}/`.repeat(4)}a.js`]: "x" }),
    ...unsafe,
    says: ["longer than 512 bytes"],
  },
  {
    what: "an .env file",
    archive: () => tree({ ".env": "SECRET=1" }),
    ...unsafe,
    says: ["may not be published", ".env"],
  },
  {
    what: "an .npmrc file",
    archive: () => tree({ ".npmrc": "token" }),
    ...unsafe,
    says: ["may not be published", ".npmrc"],
  },
  {
    what: "a .git folder",
    archive: () => tree({ ".git/config": "x" }),
    ...unsafe,
    says: ["may not be published", ".git"],
  },
  {
    what: "node_modules",
    archive: () => tree({ "node_modules/lit/index.js": "x" }),
    ...unsafe,
    says: ["may not be published", "node_modules"],
  },
  // What is no file.
  {
    what: "a symbolic link",
    archive: () => withEntries({ name: "package/l", type: "symlink", linkname: "/etc/passwd" }),
    ...notAFile,
    says: ['"package/l" is a symlink'],
  },
  {
    what: "a hard link",
    archive: () => withEntries({ name: "package/l", type: "link", linkname: "package/index.js" }),
    ...notAFile,
    says: ['"package/l" is a link'],
  },
  {
    what: "a character device",
    archive: () => withEntries({ name: "package/d", type: "character-device" }),
    ...notAFile,
    says: ["character-device"],
  },
  {
    what: "a block device",
    archive: () => withEntries({ name: "package/d", type: "block-device" }),
    ...notAFile,
    says: ["block-device"],
  },
  {
    what: "a named pipe",
    archive: () => withEntries({ name: "package/p", type: "fifo" }),
    ...notAFile,
    says: ["fifo"],
  },
  // One place for two.
  {
    what: "one path twice",
    archive: () => withEntries(file("package/index.js")),
    ...twice,
    says: ['"package/index.js" occurs twice'],
  },
  {
    what: "paths that differ in case",
    archive: () => tree({ "a.css": "x", "A.css": "y" }),
    ...twice,
    says: ['"package/A.css"', "differs from another only in case"],
  },
  {
    what: "paths that differ in Unicode form",
    archive: () => tree({ "caf\u00e9.js": "x", "cafe\u0301.js": "y" }),
    ...twice,
    says: ["occurs twice, or differs from another only in case or Unicode form"],
  },
  {
    what: "a path that is file and folder",
    archive: () => tree({ a: "x", "a/b.js": "y" }),
    ...twice,
    says: ["cannot be a file and a folder"],
  },
  // Too much.
  {
    what: "5001 entries",
    archive: () => tree(Object.fromEntries(Array.from({ length: 5001 }, (_, n) => [`f/${n}`, ""]))),
    status: 422,
    code: "too_many_files",
    says: ["more than 5000 entries"],
  },
  {
    what: "a file of 33 MiB",
    archive: async () => gzipSync(await tree({ "big.bin": compressible(33 * MiB) }), { level: 1 }),
    status: 413,
    code: "file_too_large",
    says: ["big.bin", "larger than 33554432 bytes"],
  },
  {
    what: "an archive of 34 MiB",
    archive: () => tree({ "a.bin": random(17 * MiB), "b.bin": random(17 * MiB) }),
    status: 413,
    code: "archive_too_large",
    says: ["the archive is larger than 33554432 bytes"],
  },
  {
    what: "an archive that unpacks to 150 MiB",
    archive: async () =>
      gzipSync(
        await tree(
          Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, compressible(30 * MiB)])),
        ),
        { level: 1 },
      ),
    status: 413,
    code: "archive_too_large",
    says: ["unpacks to more than 134217728 bytes"],
  },
  {
    what: "a bomb",
    archive: async () => gzipSync(await tree({ "zeros.bin": Buffer.alloc(30 * MiB) })),
    status: 422,
    code: "ratio_exceeded",
    says: ["more than 200 times its size"],
  },
  // Not, or no longer, an archive.
  {
    what: "an empty upload",
    archive: () => Buffer.alloc(0),
    ...damaged,
    locally: ["plugin.tgz"],
    says: ["empty"],
  },
  {
    what: "a text",
    archive: () => Buffer.from("this is no archive, ".repeat(100)),
    ...damaged,
    says: ["is not a tar archive"],
  },
  {
    what: "a tar archive that is cut off",
    archive: async () => (await tree({ "a.js": "x".repeat(5000) })).subarray(0, -4000),
    ...damaged,
    says: ["damaged"],
  },
  {
    what: "a tar archive without its end",
    archive: async () => (await tree()).subarray(0, -1024),
    ...damaged,
    says: ["the end of the tar data is missing"],
    locally: [],
  },
  {
    what: "a gzip stream that is cut off",
    archive: async () => gzipSync(await tree()).subarray(0, -20),
    ...damaged,
    says: ["damaged"],
  },
  {
    what: "a wrong gzip checksum",
    archive: async () => flipped(gzipSync(await tree()), -6),
    ...damaged,
    says: ["checksum"],
  },
  {
    what: "a second gzip member",
    archive: async () => Buffer.concat([gzipSync(await tree()), gzipSync("more")]),
    ...damaged,
    says: ["something follows the end of the gzip data"],
  },
  {
    what: "bytes after the gzip data",
    archive: async () => Buffer.concat([gzipSync(await tree()), Buffer.from("more and more")]),
    ...damaged,
    says: ["something follows the end of the gzip data"],
  },
  {
    what: "no package.json",
    archive: () => makeTree({ "index.js": "export {};" }),
    status: 400,
    code: "missing_file",
    says: ["has no package.json"],
    locally: ["holds no package.json at its top"],
  },
  {
    what: "a package.json that lies too deep",
    archive: () => makeTree({ "sub/package.json": "{}", "index.js": "" }),
    status: 400,
    code: "missing_file",
    says: ["has no package.json"],
    locally: ["holds no package.json at its top"],
  },
];

function replaced(tar: Buffer, text: string, bytes: readonly number[]): Buffer {
  const copy = Buffer.from(tar);
  const at = copy.indexOf(`package/${text}`) + "package/".length;
  copy.set(bytes, at);
  // The header's checksum is a sum of its bytes, written in octal.
  const start = at - "package/".length;
  const header = copy.subarray(start, start + 512);
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return copy;
}
