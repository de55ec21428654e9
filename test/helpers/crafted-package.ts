import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";

/** An entry as it is to stand in the archive; `content` of a file. */
export type CraftedEntry = Partial<Header> & { name: string; content?: string };

/** A `.deb` of the plugin `acme/crafted` with entries that dpkg-deb would not make of a folder. */
export async function craftPackage(entries: readonly CraftedEntry[]): Promise<Buffer> {
  const control = `Package: wazo-plugind-crafted-acme
Version: 1.0
Architecture: all
Maintainer: Nobody <nobody@example.org>
Section: wazo-plugind-plugin
Description: made for a test
`;
  return archive([
    ["debian-binary", Buffer.from("2.0\n")],
    ["control.tar.gz", await packed([{ name: "./control", content: control }])],
    ["data.tar.gz", await packed([{ name: "./", type: "directory" }, ...entries])],
  ]);
}

async function packed(entries: readonly CraftedEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content = "", ...header } of entries) tar.entry({ mode: 0o755, ...header }, content);
  tar.finalize();
  return gzipSync(await buffer(tar));
}

/** In the form of ar(1). */
function archive(members: readonly (readonly [string, Buffer])[]): Buffer {
  return Buffer.concat([
    Buffer.from("!<arch>\n"),
    ...members.flatMap(([name, content]) => [
      Buffer.from(
        `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${String(content.length).padEnd(10)}\`\n`,
      ),
      content,
      Buffer.from(content.length % 2 === 1 ? "\n" : ""),
    ]),
  ]);
}
