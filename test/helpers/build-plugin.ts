// Builds a plugin in a process of its own: `node build-plugin.ts <url> <folder>`. Prints the digest of the package.
import { join } from "node:path";
import { createPackageBuilder } from "../../src/server/deb/builder/create.ts";
import { describeTree } from "../../src/server/deb/sources/describe.ts";
import { createSourceFetcher } from "../../src/server/deb/sources/fetcher.ts";

const [url = "", folder = ""] = process.argv.slice(2);
const follow = {
  onStep: () => undefined,
  log: (text: string) => void process.stderr.write(text),
  signal: new AbortController().signal,
};
const blobs = { open: () => Promise.reject(new Error("no archives here")) };
const sources = createSourceFetcher({ folder: join(folder, "sources"), blobs, closed: [] });
const builder = createPackageBuilder({
  folder: join(folder, "packages"),
  isolation: "isolated",
  hidden: [folder],
});
const tree = await sources.fetch({ type: "git", url, ref: undefined, directory: undefined }, follow);
const built = await builder.build(tree, await describeTree(tree, { wazoVersion: undefined }), follow);
process.stdout.write(built.sha256);
