import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { treeSha256 } from "../../../../src/adapters/store/digest.ts";
import { createAdapter } from "../../../../src/adapters/store/index.ts";
import { openTarball } from "../../../../src/adapters/store/tarball.ts";
import { makeConnection } from "../../../helpers/adapter-connection.ts";
import { serveHttp } from "../../../helpers/http-server.ts";
import { writeFiles } from "../../../helpers/plugin-folder.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

const SIGNAL = new AbortController().signal;
const MANIFEST = '{"name":"maps","version":"1.0.0"}';
const FILES = { "package.json": MANIFEST, "index.js": "export {};" };
const DIGESTS = Object.entries(FILES).map(([path, text]) => ({
  path,
  size: text.length,
  sha256: createHash("sha256").update(text).digest("hex"),
}));

const failure = async (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("it succeeded"),
    (error) => error,
  );

/** Publishes `FILES` to a store that claims to have stored what `claim` makes of the truth. */
async function publishTo(claim: (truth: { treeSha256: string; files: typeof DIGESTS }) => object) {
  const received: { digest: string; actual: string; type: string; length: number }[] = [];
  const { url } = await serveHttp(async (request, response) => {
    const hash = createHash("sha256");
    for await (const chunk of request) hash.update(chunk);
    received.push({
      digest: String(request.headers["content-digest"]),
      actual: `sha-256=:${hash.digest("base64")}:`,
      type: String(request.headers["content-type"]),
      length: Number(request.headers["content-length"]),
    });
    const answer = {
      status: "published",
      plugin: "maps",
      version: "1.0.0",
      provider: "acme",
      channel: "latest",
      archiveSha256: "",
      sizeBytes: 1,
      entryUrl: "http://x/index.js",
      integrity: "sha384-x",
      warnings: [],
    };
    const truth = { treeSha256: treeSha256(DIGESTS), files: DIGESTS };
    const claimed = { ...answer, ...truth, ...claim(truth) };
    const files = claimed.files.map((file) => ({ integrity: "sha384-x", type: "text/plain", ...file }));
    response
      .writeHead(201, { "content-type": "application/json" })
      .end(JSON.stringify({ ...claimed, files }));
  });
  const adapter = createAdapter(makeConnection({ url, token: "plc_x" }));
  onTestFinished(() => adapter.close());
  const source = await writeFiles(await makeTempDir(), FILES);
  const publishing = adapter.can.publication?.publish({ source, dryRun: false }, () => {});
  return { publishing: Promise.resolve(publishing), received };
}

describe("verification of an upload", () => {
  it("states the digest of exactly the bytes that are sent", async () => {
    const { publishing, received } = await publishTo(() => ({}));
    expect(await publishing).toMatchObject({ name: "maps", files: 2 });
    expect(received).toHaveLength(1);
    expect(received[0]?.digest).toBe(received[0]?.actual);
    expect(received[0]).toMatchObject({ type: "application/gzip", length: expect.any(Number) });
  });

  it.each([
    ["another tree", () => ({ treeSha256: "0".repeat(64) })],
    [
      "other content in a file",
      () => ({ files: DIGESTS.map((file) => ({ ...file, sha256: "0".repeat(64) })) }),
    ],
    ["a file less", () => ({ files: DIGESTS.slice(1) })],
    ["a file more", () => ({ files: [...DIGESTS, { path: "x.js", size: 1, sha256: "0".repeat(64) }] })],
    ["another version", () => ({ version: "1.0.1" })],
  ])("fails when the store claims to hold %s", async (_, claim) => {
    const { publishing } = await publishTo(claim);
    expect(await failure(publishing)).toMatchObject({ code: "VERIFICATION" });
  });
});

describe("a tarball", () => {
  async function tarball(entries: { name: string; content?: string; type?: "symlink" }[], gzip = true) {
    const tar = pack();
    for (const { name, content = "", type } of entries) {
      tar.entry(type === undefined ? { name } : { name, type, linkname: "/etc/passwd" }, content);
    }
    tar.finalize();
    const pieces: Uint8Array[] = [];
    for await (const piece of tar) pieces.push(piece as Uint8Array);
    const bytes = Buffer.concat(pieces);
    const path = join(await makeTempDir(), "plugin.tgz");
    await writeFile(path, gzip ? gzipSync(bytes) : bytes);
    return path;
  }

  const open = (path: string) => openTarball(path, SIGNAL);

  it.each([true, false])(
    "has the folder that everything is in taken off its paths (gzip: %s)",
    async (gzip) => {
      const path = await tarball(
        [
          { name: "any/package.json", content: MANIFEST },
          { name: "any/dist/x.js", content: "1" },
        ],
        gzip,
      );
      await using archive = await open(path);
      expect(archive.files.map((file) => file.path)).toEqual(["dist/x.js", "package.json"]);
      expect(archive.contentType).toBe(gzip ? "application/gzip" : "application/x-tar");
    },
  );

  it("keeps its paths when something lies beside that folder", async () => {
    const path = await tarball([
      { name: "package.json", content: MANIFEST },
      { name: "package/package.json", content: "{}" },
    ]);
    await using archive = await open(path);
    expect(archive.manifest.name).toBe("maps");
    expect(archive.files.map((file) => file.path)).toEqual(["package.json", "package/package.json"]);
  });

  it("is refused with a symbolic link in it, by name", async () => {
    const path = await tarball([
      { name: "package/package.json", content: MANIFEST },
      { name: "package/users", type: "symlink" },
    ]);
    const error = await failure(open(path));
    expect(error).toMatchObject({ code: "INVALID" });
    expect(error.message).toContain("package/users");
  });

  it("is refused without a package.json, and with a broken one", async () => {
    const error = await failure(open(await tarball([{ name: "package/index.js", content: "1" }])));
    expect(error.message).toContain("no package.json");
    const broken = await failure(open(await tarball([{ name: "p/package.json", content: "{\n}" }])));
    expect(broken).toMatchObject({ code: "INVALID" });
    expect(broken.message).toContain("name must be");
  });

  it.each([
    ["text", Buffer.from("just some text, and not even a short one".repeat(50))],
    ["nothing", Buffer.alloc(0)],
    ["cut gzip", gzipSync(Buffer.alloc(10_000, "x")).subarray(0, 20)],
    ["gzip of text", gzipSync("x".repeat(5000))],
  ])("is refused when it is %s", async (_, bytes) => {
    const path = join(await makeTempDir(), "plugin.tgz");
    await writeFile(path, bytes);
    const error = await failure(open(path));
    expect(error).toMatchObject({ code: "INVALID" });
    expect(error.message).toContain(path);
  });

  it("is refused when it is not there", async () => {
    const adapter = createAdapter(makeConnection({ url: "http://127.0.0.1:9" }));
    const source = join(await makeTempDir(), "none.tgz");
    const error = await failure(
      Promise.resolve(adapter.can.publication?.publish({ source, dryRun: false }, () => {})),
    );
    expect(error).toMatchObject({ code: "INVALID", message: `there is no folder or file ${source}` });
  });
});
