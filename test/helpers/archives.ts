import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";

export type Entry = Partial<Omit<Header, "pax">> & {
  name: string;
  content?: string | Buffer;
  pax?: Record<string, string>;
};

/** A tar archive of exactly these entries, legal or not; made again it is the same, since its times are. */
export async function makeTar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...entry } of entries) {
    const header = { mtime: new Date(0), ...entry };
    if (content === undefined) archive.entry({ ...header, size: 0 });
    else archive.entry(header, content);
  }
  archive.finalize();
  return Buffer.concat(await collect(archive as AsyncIterable<Buffer>));
}

/** Path → content, as `npm pack` would put them. */
export type Tree = Readonly<Record<string, string | Buffer>>;

export const makeTree = (tree: Tree, top = "package/") =>
  makeTar(Object.entries(tree).map(([path, content]) => ({ name: `${top}${path}`, content })));

export const makeTgz = async (tree: Tree) => gzipSync(await makeTree(tree));

export const ENTRY =
  'import { html } from "lit";\nexport async function initialize(api) { return html(api); }\nexport const dispose = () => {};\n';

/** The least that can be published, with what a test wants beside or instead. */
export function pluginTree(name: string, version: string, more: Tree = {}, manifest: object = {}): Tree {
  return {
    "package.json": JSON.stringify({ name, version, module: "index.js", ...manifest }),
    "index.js": `${ENTRY}export const version = "${version}";\n`,
    ...more,
  };
}

/** In pieces of `step` bytes. */
export async function* inPieces(bytes: Buffer, step = 64 * 1024): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += step) yield bytes.subarray(start, start + step);
}

export async function collect<Item>(items: AsyncIterable<Item> | Iterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
