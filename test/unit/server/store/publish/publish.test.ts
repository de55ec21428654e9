import { createHash, randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../../../../src/server/store/settings.ts";
import { collect, makeTar, makeTgz, pluginTree } from "../../../../helpers/archives.ts";
import { json, type RunningStore, runStore } from "../running-store.ts";

/** Everything that a refusal must leave as it was. */
async function state(store: RunningStore) {
  const blobs = await collect(store.frame.context.blobs.list());
  return {
    plugins: await store.db.selectFrom("plugin").selectAll().execute(),
    versions: await store.db.selectFrom("version").selectAll().execute(),
    files: await store.db.selectFrom("file").selectAll().execute(),
    channels: await store.db.selectFrom("channel").selectAll().execute(),
    feeds: await store.db.selectFrom("feed").selectAll().execute(),
    blobs: blobs.map((blob) => blob.sha256).sort(),
  };
}

async function expectRefusal(store: RunningStore, answer: Promise<Response>, status: number, code: string) {
  const before = await state(store);
  const response = await answer;
  const body = await json(response);
  expect({ status: response.status, code: body.code }, String(body.detail)).toEqual({ status, code });
  expect(response.headers.get("content-type")).toContain("application/problem+json");
  expect(await state(store)).toEqual(before);
  return body;
}

const channelsOf = async (store: RunningStore, id: string) =>
  (await json(await store.call("viewer", `/api/v1/plugins/${id}`))).channels;

const audited = async (store: RunningStore) =>
  (await store.frame.context.audit.query({ action: "plugin.publish", limit: 10 })).map(
    ({ actor, resource, outcome, detail }) => ({ actor, resource, outcome, code: detail.code }),
  );

test("a published version is in the answer, in discovery and on the CDN, byte for byte", async () => {
  const store = await runStore();
  const seen: unknown[] = [];
  store.frame.context.events.subscribe(({ type, resource }) => seen.push({ type, resource }));
  const tree = pluginTree("orders", "1.0.0", { "chunk.js": "export const a = 1;\n" });
  const answer = await store.publish(tree);
  const body = await json(answer);
  expect(answer.status, JSON.stringify(body)).toBe(201);
  expect(body).toMatchObject({
    status: "published",
    plugin: "orders",
    version: "1.0.0",
    provider: "acme",
    channel: "latest",
    entry: "index.js",
    entryUrl: `${store.url}/cdn/orders/1.0.0/index.js`,
    externals: ["lit"],
    exports: ["dispose", "initialize", "version"],
    warnings: [],
    archiveSha256: createHash("sha256")
      .update(await makeTgz(tree))
      .digest("hex"),
    sizeBytes: Object.values(tree).reduce((sum, content) => sum + content.length, 0),
  });
  expect(body.files).toEqual(
    Object.entries(tree)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, content]) => ({
        path,
        size: content.length,
        sha256: createHash("sha256").update(content).digest("hex"),
        integrity: `sha384-${createHash("sha384").update(content).digest("base64")}`,
        type: path.endsWith(".json") ? "application/json" : "text/javascript; charset=utf-8",
        served: path !== "package.json",
      })),
  );
  const list = await (await store.call(null, "/discovery/main")).json();
  expect(list).toEqual([
    {
      pluginId: "orders",
      pluginUrl: body.entryUrl,
      version: "1.0.0",
      integrity: body.integrity,
      externals: ["lit"],
    },
  ]);
  expect(await (await store.call(null, "/cdn/orders/1.0.0/index.js")).text()).toBe(tree["index.js"]);
  expect((await store.call(null, "/cdn/orders/1.0.0/package.json")).status).toBe(404);
  expect(seen).toContainEqual({ type: "plugin.published", resource: "plugin:orders@1.0.0" });
  expect(await audited(store)).toEqual([
    { actor: "ann", resource: "plugin:orders@1.0.0", outcome: "ok", code: undefined },
  ]);
});

test("package.json is offered when plugctl.files names it", async () => {
  const store = await runStore();
  await store.release("orders", "1.0.0", {}, { plugctl: { files: ["package.json"] } });
  expect((await store.call(null, "/cdn/orders/1.0.0/package.json")).status).toBe(200);
  const missing = store.publish(pluginTree("orders", "1.0.1", {}, { plugctl: { files: ["gone.txt"] } }));
  await expectRefusal(store, missing, 422, "bad_manifest");
});

describe("a version never changes:", () => {
  test("the same files again, packed differently, change nothing", async () => {
    const store = await runStore();
    const tree = pluginTree("orders", "1.0.0", { "b.js": "1;" });
    expect((await store.publish(tree)).status).toBe(201);
    const before = await state(store);
    const again = await store.call("ann", "/api/v1/publish", {
      method: "POST",
      body: Uint8Array.from(
        await makeTar(
          Object.entries(tree)
            .reverse()
            .map(([name, content]) => ({ name, content, mtime: new Date(0) })),
        ),
      ),
      headers: { "content-type": "application/x-tar" },
    });
    expect(again.status).toBe(200);
    expect(await json(again)).toMatchObject({ status: "unchanged", channel: null });
    expect(await state(store)).toEqual(before);
  });

  test("other files are a conflict that names both digests", async () => {
    const store = await runStore();
    const first = await json(await store.publish(pluginTree("orders", "1.0.0")));
    const body = await expectRefusal(
      store,
      store.publish(pluginTree("orders", "1.0.0", { "x.js": "" })),
      409,
      "version_exists",
    );
    expect(body.publishedTreeSha256).toBe(first.treeSha256);
    expect(body.treeSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(body.treeSha256).not.toBe(first.treeSha256);
  });

  test("a changed package.json is other content too", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0");
    const changed = pluginTree("orders", "1.0.0", {}, { description: "new" });
    await expectRefusal(store, store.publish(changed), 409, "version_exists");
  });

  test("of many who publish it at once exactly one creates it", async () => {
    const store = await runStore();
    const different = Array.from({ length: 6 }, (_, index) =>
      pluginTree("orders", "1.0.0", { "n.js": `${index};` }),
    );
    const answers = await Promise.all([...different, ...different].map((tree) => store.publish(tree)));
    const statuses = answers.map((answer) => answer.status).sort();
    expect(statuses).toEqual([200, 201, ...Array(10).fill(409)]);
    expect(await store.db.selectFrom("version").selectAll().execute()).toHaveLength(1);
  });
});

describe("whose plugin it is:", () => {
  test("a plugin belongs to the provider that published it first", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0");
    await expectRefusal(
      store,
      store.publish(pluginTree("orders", "1.0.1"), { login: "bob" }),
      403,
      "not_owner",
    );
    expect((await audited(store))[0]).toEqual({
      actor: "bob",
      resource: "plugin:orders@1.0.1",
      outcome: "denied",
      code: "not_owner",
    });
    const elsewhere = store.publish(pluginTree("orders", "1.0.1"), {
      login: "both",
      query: "?provider=globex",
    });
    await expectRefusal(store, elsewhere, 403, "not_owner");
    expect((await store.publish(pluginTree("orders", "1.0.1"), { login: "both" })).status).toBe(201);
  });

  test("for a new plugin the request, the package.json, or the only possible provider decides", async () => {
    const store = await runStore();
    const choice = await expectRefusal(
      store,
      store.publish(pluginTree("a", "1.0.0"), { login: "both" }),
      422,
      "provider_required",
    );
    expect(choice.choices).toEqual(["acme", "globex"]);
    const byRequest = await json(
      await store.publish(pluginTree("a", "1.0.0"), { login: "both", query: "?provider=globex" }),
    );
    expect(byRequest.provider).toBe("globex");
    const stated = pluginTree("b", "1.0.0", {}, { plugctl: { provider: "acme" } });
    expect((await json(await store.publish(stated, { login: "both" }))).provider).toBe("acme");
    expect((await json(await store.publish(pluginTree("c", "1.0.0"), { login: "bob" }))).provider).toBe(
      "globex",
    );
  });

  test("a foreign, unknown or contradictory provider is refused", async () => {
    const store = await runStore();
    const tree = pluginTree("a", "1.0.0");
    await expectRefusal(store, store.publish(tree, { query: "?provider=globex" }), 403, "not_owner");
    await expectRefusal(
      store,
      store.publish(tree, { login: "root", query: "?provider=nobody" }),
      404,
      "provider_not_found",
    );
    const stated = pluginTree("a", "1.0.0", {}, { plugctl: { provider: "acme" } });
    await expectRefusal(
      store,
      store.publish(stated, { query: "?provider=globex" }),
      422,
      "provider_mismatch",
    );
    await expectRefusal(store, store.publish(tree, { login: "viewer" }), 403, "scope_missing");
  });
});

describe("channels:", () => {
  test("latest only goes up, a prerelease moves the channel of its identifier", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0-beta.1");
    expect(await channelsOf(store, "orders")).toEqual({ beta: "1.0.0-beta.1" });
    await store.release("orders", "1.1.0");
    await store.release("orders", "1.0.9");
    await store.release("orders", "1.2.0-0");
    await store.release("orders", "1.0.0-beta.0");
    expect(await channelsOf(store, "orders")).toEqual({
      beta: "1.0.0-beta.1",
      latest: "1.1.0",
      next: "1.2.0-0",
    });
  });

  test("a stated channel is obeyed, down as well, and without a new version", async () => {
    const store = await runStore();
    await store.release("orders", "2.0.0");
    await store.release("orders", "1.0.0", {}, {}, "?channel=latest");
    expect(await channelsOf(store, "orders")).toEqual({ latest: "1.0.0" });
    const again = await json(
      await store.publish(pluginTree("orders", "2.0.0"), { query: "?channel=stable" }),
    );
    expect(again).toMatchObject({ status: "unchanged", channel: "stable" });
    expect(await channelsOf(store, "orders")).toEqual({ latest: "1.0.0", stable: "2.0.0" });
  });

  test("a name that could be a version range is none", async () => {
    const store = await runStore();
    await expectRefusal(
      store,
      store.publish(pluginTree("a", "1.0.0"), { query: "?channel=1.x" }),
      400,
      "bad_request",
    );
  });
});

describe("what is refused leaves the store as it was:", () => {
  test("no credential, and an unknown kind of body", async () => {
    const store = await runStore();
    const body = Uint8Array.from(await makeTgz(pluginTree("a", "1.0.0")));
    const headers = { "content-type": "application/gzip" };
    const anonymous = store.call(null, "/api/v1/publish", { method: "POST", body, headers });
    await expectRefusal(store, anonymous, 401, "auth_required");
    const zip = store.call("ann", "/api/v1/publish", {
      method: "POST",
      body,
      headers: { "content-type": "application/zip" },
    });
    await expectRefusal(store, zip, 415, "unsupported_media_type");
  });

  test("an upload that is not what its digest says", async () => {
    const store = await runStore();
    const tree = pluginTree("a", "1.0.0");
    const right = createHash("sha256")
      .update(await makeTgz(tree))
      .digest("base64");
    const wrong = createHash("sha256").update("").digest("base64");
    const bad = store.publish(tree, { headers: { "content-digest": `sha-256=:${wrong}:` } });
    await expectRefusal(store, bad, 422, "digest_mismatch");
    expect((await store.publish(tree, { headers: { "content-digest": `sha-256=:${right}:` } })).status).toBe(
      201,
    );
  });

  test("archives without package.json, without entry, with a bad version, with a hidden link", async () => {
    const store = await runStore();
    await store.release("kept", "1.0.0");
    await expectRefusal(store, store.publish({ "index.js": "" }), 400, "missing_file");
    await expectRefusal(
      store,
      store.publish({ "package.json": '{"name":"a","version":"1.0.0"}' }),
      422,
      "entry_not_found",
    );
    await expectRefusal(store, store.publish(pluginTree("a", "1.0.0+1")), 422, "bad_version");
    await expectRefusal(
      store,
      store.publish(pluginTree("a", "1.0.0", { ".npmrc": "secret" })),
      422,
      "unsafe_path",
    );
    await expectRefusal(
      store,
      store.publish(pluginTree("a", "1.0.0", { "index.js": 'import "' })),
      422,
      "not_a_plugin_module",
    );
    expect((await audited(store)).map(({ outcome }) => outcome)).toEqual([...Array(5).fill("failed"), "ok"]);
  });

  test("an upload beyond the limit, with and without a stated length", async () => {
    const store = await runStore({ archive: { ...DEFAULT_SETTINGS.archive, archiveBytes: 2000 } });
    const tree = pluginTree("a", "1.0.0", { "n.bin": randomBytes(4000) });
    const packed = await makeTar(Object.entries(tree).map(([name, content]) => ({ name, content })));
    await expectRefusal(store, store.publish(tree), 413, "archive_too_large");
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(Uint8Array.from(packed));
        controller.close();
      },
    });
    const chunked = store.call("ann", "/api/v1/publish", {
      method: "POST",
      body: stream,
      headers: { "content-type": "application/x-tar" },
      duplex: "half",
    });
    await expectRefusal(store, chunked, 413, "archive_too_large");
  });

  test("an upload that stands still", async () => {
    const store = await runStore({ uploadIdleMs: 50 });
    const packed = await makeTgz(pluginTree("a", "1.0.0"));
    const slow = Promise.withResolvers<Response>();
    const request = httpRequest(`${store.url}/api/v1/publish`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${store.tokens.ann}`,
        "content-type": "application/gzip",
        "content-length": packed.length,
      },
    });
    request.on("error", slow.reject).on("response", (response) => {
      const headers = { "content-type": response.headers["content-type"] ?? "" };
      const body = collect(response as AsyncIterable<Buffer>);
      body.then(
        (chunks) =>
          slow.resolve(new Response(Buffer.concat(chunks), { status: response.statusCode ?? 0, headers })),
        slow.reject,
      );
    });
    request.write(packed.subarray(0, 100));
    await expectRefusal(store, slow.promise, 408, "upload_timeout");
    request.destroy();
  });

  test("an archive with a changed byte, unless it still holds the same files", async () => {
    const store = await runStore();
    const tree = pluginTree("a", "1.0.0");
    const packed = await makeTgz(tree);
    const { treeSha256 } = await json(await store.publish(tree, { query: "?dryRun=1" }));
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Buffer.from(packed);
        changed.writeUInt8(changed.readUInt8(at) ^ flip, at);
        const answer = await store.call("ann", "/api/v1/publish", {
          method: "POST",
          body: Uint8Array.from(changed),
          headers: { "content-type": "application/gzip" },
        });
        const body = await json(answer);
        // The header's time and the padding between blocks carry no content.
        if (answer.ok) expect(body.treeSha256).toBe(treeSha256);
        else expect([400, 413, 422]).toContain(answer.status);
      }),
      { numRuns: 60 },
    );
    const versions = await store.db.selectFrom("version").select("tree_sha256").execute();
    for (const version of versions) expect(version.tree_sha256).toBe(treeSha256);
  });
});

test("a dry run meets every check, says what would be stored, and stores nothing", async () => {
  const store = await runStore();
  await store.release("orders", "1.0.0");
  const before = await state(store);
  const trial = await store.publish(pluginTree("orders", "1.1.0"), { query: "?dryRun=1" });
  expect(trial.status).toBe(200);
  expect(await json(trial)).toMatchObject({ status: "dry-run", version: "1.1.0", channel: "latest" });
  expect(await state(store)).toEqual(before);
  const other = store.publish(pluginTree("orders", "1.0.0", { "x.js": "" }), { query: "?dryRun=1" });
  await expectRefusal(store, other, 409, "version_exists");
  await expectRefusal(
    store,
    store.publish(pluginTree("orders", "1.1.0"), { login: "bob", query: "?dryRun=1" }),
    403,
    "not_owner",
  );
  expect(
    (await json(await store.publish(pluginTree("orders", "1.0.0"), { query: "?dryRun=1" }))).status,
  ).toBe("unchanged");
  expect((await audited(store)).length).toBe(5);
});

test("PUT without a media type is curl -T", async () => {
  const store = await runStore();
  const packed = await makeTgz(pluginTree("orders", "1.0.0"));
  const answer = Promise.withResolvers<number | undefined>();
  httpRequest(`${store.url}/api/v1/publish`, {
    method: "PUT",
    headers: { authorization: `Bearer ${store.tokens.ann}`, "content-length": packed.length },
  })
    .on("response", (response) => answer.resolve(response.resume().statusCode))
    .on("error", answer.reject)
    .end(packed);
  expect(await answer.promise).toBe(201);
});

test("with a limit set, a token may publish so often in an hour", async () => {
  const store = await runStore({ publishesPerHour: 1 }, { now: () => new Date("2026-01-01T00:59:00Z") });
  await store.release("a", "1.0.0");
  const refused = await store.publish(pluginTree("a", "1.0.1"));
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("60");
  expect((await json(refused)).code).toBe("rate_limited");
  expect((await store.publish(pluginTree("b", "1.0.0"), { login: "bob" })).status).toBe(201);
});
