import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { storeModule } from "../../../../../src/server/store/module.ts";
import { collect } from "../../../../helpers/archives.ts";
import { type RawAnswer, rawRequest } from "../raw-http.ts";
import { type RunningStore, runStore } from "../running-store.ts";

const TEXT = "export const text = 'the same words again and again';\n".repeat(200);
const sha256 = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest();

/** Resolves when the background has compressed everything. */
async function compressed(store: RunningStore): Promise<void> {
  for (let turn = 0; turn < 500; turn++) {
    const rows = await store.db
      .selectFrom("variant")
      .select("state")
      .where("state", "=", "pending")
      .execute();
    if (rows.length === 0) return;
    await delay(10);
  }
  throw new Error("something is still not compressed");
}

const code = (answer: RawAnswer) => JSON.parse(answer.body.toString()).code;

test("a file has all the headers that caches, browsers and checkers need", async () => {
  const store = await runStore();
  await store.release("orders", "1.0.0", { "text.js": TEXT });
  const answer = await rawRequest(store.url, "/cdn/orders/1.0.0/text.js");
  expect(answer.status).toBe(200);
  expect(answer.body.toString()).toBe(TEXT);
  expect(answer.headers).toMatchObject({
    "cache-control": "public, max-age=31536000, immutable",
    etag: `"${sha256(TEXT).toString("base64url").slice(0, 27)}"`,
    "content-type": "text/javascript; charset=utf-8",
    "content-length": String(TEXT.length),
    "x-content-type-options": "nosniff",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "timing-allow-origin": "*",
    vary: "Accept-Encoding",
    "accept-ranges": "bytes",
    "repr-digest": `sha-256=:${sha256(TEXT).toString("base64")}:`,
  });
  const release = await store.db.selectFrom("version").select("published_at").executeTakeFirstOrThrow();
  expect(answer.headers["last-modified"]).toBe(new Date(release.published_at).toUTCString());
});

test.each([
  ["a.mjs", "text/javascript; charset=utf-8"],
  ["a.css", "text/css; charset=utf-8"],
  ["a.js.map", "application/json"],
  ["a.wasm", "application/wasm"],
  ["a.WOFF2", "font/woff2"],
  ["README.md", "text/plain; charset=utf-8"],
  ["LICENSE", "application/octet-stream"],
])("%s is served as %s", async (path, type) => {
  const store = await runStore();
  await store.release("orders", "1.0.0", { [path]: "x" });
  const { headers } = await rawRequest(store.url, `/cdn/orders/1.0.0/${path}`);
  expect(headers["content-type"]).toBe(type);
  expect(headers["content-security-policy"]).toBeUndefined();
});

test("documents that could run scripts here are kept from it", async () => {
  const store = await runStore();
  await store.release("orders", "1.0.0", { "a.svg": "<svg/>", "a.html": "<p>", "a.xml": "<a/>" });
  for (const path of ["a.svg", "a.html", "a.xml"]) {
    const { headers } = await rawRequest(store.url, `/cdn/orders/1.0.0/${path}`);
    expect(headers["content-security-policy"]).toBe("sandbox; default-src 'none'; style-src 'unsafe-inline'");
    expect(headers["content-disposition"]).toBe(path === "a.html" ? "attachment" : undefined);
  }
});

describe("compression", () => {
  test("gives each client what it accepts, from the background, and the same bytes", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0", { "text.js": TEXT });
    await compressed(store);
    const get = (accept: string) =>
      rawRequest(store.url, "/cdn/orders/1.0.0/text.js", { "accept-encoding": accept });
    const brotli = await get("gzip, deflate, br, zstd");
    expect(brotli.headers["content-encoding"]).toBe("br");
    expect(brotliDecompressSync(brotli.body).toString()).toBe(TEXT);
    expect(brotli.headers["repr-digest"]).toBe(`sha-256=:${sha256(brotli.body).toString("base64")}:`);
    const gzip = await get("gzip, br;q=0.1");
    expect(gzip.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(gzip.body).toString()).toBe(TEXT);
    const plain = await get("identity, br;q=0");
    expect(plain.headers["content-encoding"]).toBeUndefined();
    const tag = String(plain.headers.etag).slice(1, -1);
    expect([brotli.headers.etag, gzip.headers.etag]).toEqual([`"${tag}-br"`, `"${tag}-gz"`]);
    expect((await get("zstd, identity;q=0")).status).toBe(406);
    for (const answer of [brotli, gzip, plain]) expect(answer.headers.vary).toBe("Accept-Encoding");
  });

  test("is left out where it does not pay", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0", {
      "small.js": "export const a = 1;",
      "noise.txt": randomBytes(5000),
      "picture.png": Buffer.alloc(5000),
    });
    await compressed(store);
    for (const path of ["small.js", "noise.txt", "picture.png"]) {
      const answer = await rawRequest(store.url, `/cdn/orders/1.0.0/${path}`, {
        "accept-encoding": "br, gzip",
      });
      expect([path, answer.status, answer.headers["content-encoding"], answer.headers.vary]).toEqual([
        path,
        200,
        undefined,
        undefined,
      ]);
    }
  });

  test("goes on after a restart, and a file that many versions share is compressed once", async () => {
    const first = await runStore();
    await first.module.stop?.();
    await first.release("orders", "1.0.0", { "text.js": TEXT });
    await first.release("orders", "1.0.1", { "renamed.js": TEXT });
    const pending = await first.db.selectFrom("variant").selectAll().where("state", "=", "pending").execute();
    expect(pending.map((row) => row.encoding).sort()).toEqual(["br", "gzip"]);
    const second = await runStore({}, { dataDir: first.frame.context.dataDir });
    await compressed(second);
    const answer = await rawRequest(second.url, "/cdn/orders/1.0.1/renamed.js", { "accept-encoding": "br" });
    expect(answer.headers["content-encoding"]).toBe("br");
  });
});

describe("conditions", () => {
  test("a client that has the file gets 304 with the validators", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0", { "text.js": TEXT });
    const path = "/cdn/orders/1.0.0/text.js";
    const { headers } = await rawRequest(store.url, path);
    const tag = String(headers.etag).slice(1, -1);
    const conditions = [
      { "if-none-match": `"${tag}"` },
      { "if-none-match": `"other", W/"${tag}-br"` },
      { "if-modified-since": String(headers["last-modified"]) },
    ];
    for (const condition of conditions) {
      const answer = await rawRequest(store.url, path, condition);
      expect([answer.status, answer.body.length]).toEqual([304, 0]);
      expect(answer.headers).toMatchObject({
        etag: headers.etag,
        "cache-control": headers["cache-control"],
        vary: headers.vary,
        "access-control-allow-origin": "*",
        "repr-digest": headers["repr-digest"],
      });
    }
    const newer = { "if-none-match": '"other"', "if-modified-since": String(headers["last-modified"]) };
    expect((await rawRequest(store.url, path, newer)).status).toBe(200);
  });

  test.each([0, 300_000])("ranges of a file of 1000 + %i bytes", async (more) => {
    const store = await runStore();
    const bytes = randomBytes(1000 + more);
    const { length } = bytes;
    await store.release("orders", "1.0.0", { "a.bin": bytes });
    const get = (headers: Record<string, string>) =>
      rawRequest(store.url, "/cdn/orders/1.0.0/a.bin", headers);
    const { headers } = await get({});
    for (const [range, start, end] of [
      ["bytes=0-9", 0, 9],
      ["bytes=990-", 990, length - 1],
      ["bytes=-10", length - 10, length - 1],
      ["bytes=5-999999999", 5, length - 1],
      ["bytes=-999999999", 0, length - 1],
    ] as const) {
      const part = await get({ range });
      expect([range, part.status, part.headers["content-range"]]).toEqual([
        range,
        206,
        `bytes ${start}-${end}/${length}`,
      ]);
      expect(part.body.equals(bytes.subarray(start, end + 1))).toBe(true);
      expect(part.headers).toMatchObject({
        etag: headers.etag,
        "content-length": String(end - start + 1),
        "repr-digest": headers["repr-digest"],
      });
    }
    for (const range of ["bytes=0-1,5-6", "bytes=9-5", "bytes=-", "lines=1-2", "bytes=a-b"]) {
      const whole = await get({ range });
      expect([range, whole.status, whole.body.length]).toEqual([range, 200, length]);
    }
    for (const range of [`bytes=${length}-`, "bytes=-0"]) {
      const refused = await get({ range });
      expect([range, refused.status, refused.headers["content-range"]]).toEqual([
        range,
        416,
        `bytes */${length}`,
      ]);
    }
    const range = "bytes=0-9";
    const condition = async (ifRange: string) => (await get({ range, "if-range": ifRange })).status;
    expect(await condition(String(headers.etag))).toBe(206);
    expect(await condition(String(headers["last-modified"]))).toBe(206);
    expect(await condition('"other"')).toBe(200);
    expect(await condition(`W/${headers.etag}`)).toBe(200);
  });

  test("a range is one of the identity bytes, even for a client that accepts codings", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0", { "text.js": TEXT });
    await compressed(store);
    const answer = await rawRequest(store.url, "/cdn/orders/1.0.0/text.js", {
      range: "bytes=0-5",
      "accept-encoding": "br",
    });
    expect([answer.status, answer.body.toString(), answer.headers["content-encoding"]]).toEqual([
      206,
      "export",
      undefined,
    ]);
  });
});

test("HEAD has the headers of GET, and OPTIONS lets any origin ask", async () => {
  const store = await runStore();
  await store.release("orders", "1.0.0", { "big.js": TEXT.repeat(40) });
  await compressed(store);
  for (const path of ["/cdn/orders/1.0.0/index.js", "/cdn/orders/1.0.0/big.js"]) {
    const get = await rawRequest(store.url, path);
    const head = await rawRequest(store.url, path, {}, "HEAD");
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect({ ...head.headers, date: "" }).toEqual({ ...get.headers, date: "" });
    const options = await rawRequest(store.url, path, { origin: "https://app.example.test" }, "OPTIONS");
    expect([options.status, options.headers["access-control-allow-origin"]]).toEqual([204, "*"]);
  }
});

describe("addresses", () => {
  test("what is not exactly a file of a version is not found, and may come later", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0", { "a/b.js": "1;", "a b/\u00fc.js": "2;" });
    for (const path of [
      "/cdn/",
      "/cdn/orders",
      "/cdn/orders/1.0.0",
      "/cdn/orders/1.0.0/",
      "/cdn/orders/1.0.0/a",
      "/cdn/orders/1.0.0/a/",
      "/cdn/orders/1.0.0/a//b.js",
      "/cdn/orders/1.0.0/A/b.js",
      "/cdn/orders/latest/a/b.js",
      "/cdn/orders/1.0/a/b.js",
      "/cdn/other/1.0.0/a/b.js",
      "/cdn/orders/1.0.0/x/../a/b.js",
      "/cdn/orders/1.0.0/%2e%2e/1.0.0/a/b.js",
      "/cdn/orders/1.0.0/./a/b.js",
      "/cdn/orders/1.0.0/a%5cb.js",
      "/cdn/orders/1.0.0/a\\b.js",
      "/cdn/orders/1.0.0/a%00/b.js",
      "/cdn/orders/1.0.0/a%252fb.js",
      "/cdn/../../../etc/passwd",
      "/cdn/orders/1.0.0/..%2f..%2f..%2f..%2fetc%2fpasswd",
    ]) {
      const answer = await rawRequest(store.url, path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.headers["cache-control"]).toBe("no-store");
      expect(code(answer)).toBe("not_found");
    }
    for (const path of [
      "/cdn/orders/1.0.0/a/b.js",
      "/cdn/orders/1.0.0/a%20b/%C3%BC.js",
      "/cdn/orders/1.0.0/a/b.js?v=1",
    ]) {
      expect((await rawRequest(store.url, path)).status).toBe(200);
    }
  });

  test("a percent sign that codes nothing is refused", async () => {
    const store = await runStore();
    expect([400, 404]).toContain((await rawRequest(store.url, "/cdn/orders/1.0.0/%zz")).status);
  });

  test("a version that comes after its 404 is there at once", async () => {
    const store = await runStore();
    expect((await rawRequest(store.url, "/cdn/orders/1.0.0/index.js")).status).toBe(404);
    await store.release("orders", "1.0.0");
    expect((await rawRequest(store.url, "/cdn/orders/1.0.0/index.js")).status).toBe(200);
  });

  test("other spellings of a scoped id lead to the canonical one", async () => {
    const store = await runStore();
    await store.release("@acme/maps", "1.0.0");
    for (const id of ["%40acme/maps", "@acme%2fmaps", "%40acme%2Fmaps"]) {
      const answer = await rawRequest(store.url, `/cdn/${id}/1.0.0/index.js`);
      expect([answer.status, answer.headers.location]).toEqual([301, "/cdn/@acme/maps/1.0.0/index.js"]);
    }
    expect((await rawRequest(store.url, "/cdn/@acme/maps/1.0.0/index.js")).status).toBe(200);
  });
});

test("large files are streamed whole, and a client that leaves halfway harms nobody", async () => {
  const store = await runStore({ cacheFileBytes: 1024 });
  const bytes = randomBytes(5_000_000);
  await store.release("orders", "1.0.0", { "big.bin": bytes });
  const socket = connect(Number(new URL(store.url).port), "127.0.0.1");
  socket.write("GET /cdn/orders/1.0.0/big.bin HTTP/1.1\r\nhost: a\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  socket.destroy();
  const whole = await rawRequest(store.url, "/cdn/orders/1.0.0/big.bin");
  expect(whole.body.equals(bytes)).toBe(true);
});

test("what the store needs is named: files and their compressed forms", async () => {
  const store = await runStore();
  await store.release("orders", "1.0.0", { "text.js": TEXT });
  await store.release("orders", "1.0.1", { "text.js": TEXT });
  await compressed(store);
  const referenced = new Set(
    await collect(storeModule.referencedBlobs?.(store.frame.context.database) ?? []),
  );
  const stored = (await collect(store.frame.context.blobs.list())).map((blob) => blob.sha256);
  expect([...referenced].sort()).toEqual(stored.sort());
  expect(stored.length).toBe(7);
});
