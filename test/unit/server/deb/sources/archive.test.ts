import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { type Header, pack } from "tar-stream";
import { describe, expect, it } from "vitest";
import { isPlugctlError } from "../../../../../src/core/errors.ts";
import { unpackArchive } from "../../../../../src/server/deb/sources/archive.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";

type Entry = Partial<Header> & { name: string; content?: string };

async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = "", ...header } of entries) archive.entry(header, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function unpack(bytes: Buffer, limits = { treeBytes: 1e6, treeFiles: 100 }): Promise<string> {
  const folder = join(await makeTempDir(), "tree");
  mkdirSync(folder);
  await unpackArchive(Readable.from([bytes.subarray(0, 1), bytes.subarray(1)]), folder, limits);
  return folder;
}

const link = (name: string, linkname: string): Entry => ({ name, type: "symlink", linkname });

describe("unpackArchive", () => {
  it("writes files, executable ones as such, folders and links", async () => {
    const bytes = await tar([
      { name: "./wazo/", type: "directory" },
      { name: "./wazo/rules", mode: 0o4755, content: "#!/bin/sh" },
      { name: "wazo/plugin.yml", mode: 0o600, content: "name: x" },
      link("rules", "wazo/rules"),
    ]);
    for (const each of [bytes, gzipSync(bytes)]) {
      const folder = await unpack(each);
      expect(readFileSync(join(folder, "wazo/plugin.yml"), "utf8")).toBe("name: x");
      expect(statSync(join(folder, "wazo/rules")).mode & 0o7777).toBe(0o755);
      expect(readlinkSync(join(folder, "rules"))).toBe("wazo/rules");
    }
  });

  it("takes off the one folder that all is in, and leaves .git out", async () => {
    const folder = await unpack(
      await tar([
        { name: "hello/wazo/plugin.yml", content: "x" },
        { name: "hello/.git/config", content: "x" },
      ]),
    );
    expect(readdirSync(folder)).toEqual(["wazo"]);
  });

  it.each<[string, Entry[]]>([
    ["a path upwards", [{ name: "a/../../x" }]],
    ["an absolute path", [{ name: "/etc/x" }]],
    ["a control character", [{ name: "a\nb" }]],
    ["a hard link", [{ name: "x", type: "link", linkname: "/etc/passwd" }]],
    ["a device", [{ name: "x", type: "character-device" }]],
    ["a pipe", [{ name: "x", type: "fifo" }]],
    ["a file twice", [{ name: "x" }, { name: "./x" }]],
    ["a file as a folder", [{ name: "x" }, { name: "x/y" }]],
    ["a file behind a link", [link("x", "/tmp"), { name: "x/y" }]],
    ["a link behind a link", [link("x", ".."), link("x/y", "z")]],
    ["nothing", [{ name: ".", type: "directory" }]],
  ])("refuses %s", async (_, entries) => {
    await expect(unpack(await tar(entries))).rejects.toMatchObject({ code: "INVALID" });
  });

  it("stops at its limits, also for what unpacks to more than it seems", async () => {
    const many = await tar(Array.from({ length: 101 }, (_, index) => ({ name: `f${index}` })));
    await expect(unpack(many)).rejects.toThrow(/more than 100 entries/);
    const bomb = gzipSync(await tar([{ name: "x", content: "x".repeat(2e6) }]));
    expect(bomb.length).toBeLessThan(10_000);
    await expect(unpack(bomb)).rejects.toThrow(/more than 1000000 bytes/);
  });

  it("says that an archive is damaged", async () => {
    const bytes = await tar([{ name: "x", content: "x".repeat(2000) }]);
    const packed = gzipSync(bytes);
    for (const damaged of [
      bytes.subarray(0, 1000),
      packed.subarray(0, -10),
      Buffer.from("no archive".repeat(100)),
    ]) {
      await expect(unpack(damaged)).rejects.toMatchObject({ code: "INVALID" });
    }
  });

  it("writes nothing outside of its folder, whatever the names and links", async () => {
    const segment = fc.constantFrom("a", "b", "..", ".", "wazo", "/etc", "");
    const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join("/"));
    const entry = fc.oneof(
      path.map((name): Entry => ({ name, content: "x" })),
      fc.tuple(path, path).map(([name, target]) => link(name, target)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 5 }), async (entries) => {
        const folder = await unpack(await tar(entries.filter(({ name }) => name !== ""))).catch(
          (error: unknown) => {
            if (!isPlugctlError(error)) throw error;
            return undefined;
          },
        );
        if (folder === undefined) return;
        expect(readdirSync(join(folder, ".."))).toEqual(["tree"]);
        expect(lstatSync(folder).isDirectory()).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
