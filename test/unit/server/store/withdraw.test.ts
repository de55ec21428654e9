import { describe, expect, test } from "vitest";
import { replacement } from "../../../../src/server/store/channels.ts";
import { collect, pluginTree } from "../../../helpers/archives.ts";
import { json, type Login, type RunningStore, runStore } from "./running-store.ts";

const withdraw = (
  store: RunningStore,
  verb: "yank" | "purge",
  version: string,
  login: Login = "root",
  query = "",
) =>
  store.call(login, `/api/v1/plugins/orders/versions/${version}/${verb}${query}`, {
    method: "POST",
    body: JSON.stringify({ reason: "broken" }),
    headers: { "content-type": "application/json" },
  });

const discovered = async (store: RunningStore) =>
  ((await (await store.call(null, "/discovery/main")).json()) as { version: string }[]).map(
    (item) => item.version,
  );

const blobs = async (store: RunningStore) =>
  new Set((await collect(store.frame.context.blobs.list())).map((blob) => blob.sha256));

describe("a yanked version", () => {
  test("leaves discovery and its channels for the next lower one, and its files stay", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0");
    await store.release("orders", "1.1.0");
    const answer = await withdraw(store, "yank", "1.1.0", "ann");
    expect(answer.status).toBe(200);
    expect(await json(answer)).toMatchObject({ state: "yanked", channels: [], version: "1.1.0" });
    expect(await discovered(store)).toEqual(["1.0.0"]);
    expect((await store.call(null, "/cdn/orders/1.1.0/index.js")).status).toBe(200);
    expect((await withdraw(store, "yank", "1.1.0", "ann")).status).toBe(200);
    const again = await store.publish(pluginTree("orders", "1.1.0"), { query: "?channel=latest" });
    expect((await json(again)).code).toBe("version_yanked");
  });

  test("as the last one leaves the plugin withdrawn and the list empty", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0");
    await withdraw(store, "yank", "1.0.0");
    expect(await discovered(store)).toEqual([]);
    const plugin = await json(await store.call("viewer", "/api/v1/plugins/orders"));
    expect(plugin).toMatchObject({ state: "withdrawn", latest: null, channels: {}, versions: 1 });
  });

  test("is in the audit log, for the provider's owners as well", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0");
    await withdraw(store, "yank", "1.0.0", "ann");
    const rows = await store.frame.context.audit.query({
      action: "plugin.yank",
      providers: ["acme"],
      limit: 5,
    });
    expect(rows).toEqual([
      expect.objectContaining({
        actor: "ann",
        resource: "plugin:orders@1.0.0",
        outcome: "ok",
        detail: { reason: "broken", changed: true },
      }),
    ]);
  });

  test("needs the permission to release, for this provider", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0");
    for (const login of ["bob", "viewer", "both"] as const) {
      expect((await withdraw(store, "yank", "1.0.0", login)).status).toBe(403);
    }
    expect(await discovered(store)).toEqual(["1.0.0"]);
  });
});

describe("a purged version", () => {
  test("loses its files, keeps its place, and answers 410", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0", {
      "only-here.js": "export const here = 1;",
      "both.js": "export const both = 2;",
    });
    await store.release("orders", "1.1.0", { "both.js": "export const both = 2;" });
    expect((await store.call(null, "/cdn/orders/1.0.0/only-here.js")).status).toBe(200);
    const before = await blobs(store);
    const answer = await withdraw(store, "purge", "1.0.0");
    expect(await json(answer)).toMatchObject({ state: "purged" });
    // Its package.json, index.js and only-here.js; both.js is still needed.
    expect((await blobs(store)).size).toBe(before.size - 3);
    expect((await store.call(null, "/cdn/orders/1.1.0/both.js")).status).toBe(200);
    for (const path of ["only-here.js", "never-there.js"]) {
      const gone = await store.call(null, `/cdn/orders/1.0.0/${path}`);
      expect(gone.status).toBe(410);
      expect((await json(gone)).code).toBe("version_purged");
      expect(gone.headers.get("cache-control")).toBe("public, max-age=60");
    }
    const again = await store.publish(pluginTree("orders", "1.0.0"));
    expect(again.status).toBe(409);
    expect((await json(again)).code).toBe("version_tombstoned");
    expect((await withdraw(store, "purge", "1.0.0")).status).toBe(200);
    expect((await withdraw(store, "yank", "1.0.0")).status).toBe(410);
  });

  test("is refused while discovery returns it, and to all but administrators", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0");
    const inUse = await withdraw(store, "purge", "1.0.0");
    expect(inUse.status).toBe(409);
    expect((await json(inUse)).code).toBe("version_in_use");
    expect((await withdraw(store, "purge", "1.0.0", "ann")).status).toBe(403);
    expect((await store.call(null, "/cdn/orders/1.0.0/index.js")).status).toBe(200);
  });
});

test("a dry run of both says what would be and changes nothing", async () => {
  const store = await runStore();
  await store.release("orders", "1.0.0");
  expect(await json(await withdraw(store, "yank", "1.0.0", "root", "?dryRun=1"))).toMatchObject({
    state: "yanked",
    channels: [],
  });
  expect(await discovered(store)).toEqual(["1.0.0"]);
  await withdraw(store, "yank", "1.0.0");
  expect(await json(await withdraw(store, "purge", "1.0.0", "root", "?dryRun"))).toMatchObject({
    state: "purged",
  });
  expect((await store.call(null, "/cdn/orders/1.0.0/index.js")).status).toBe(200);
});

test("an unknown plugin or version is not found", async () => {
  const store = await runStore();
  expect((await json(await withdraw(store, "yank", "1.0.0"))).code).toBe("plugin_not_found");
  await store.release("orders", "1.0.0");
  expect((await json(await withdraw(store, "yank", "9.0.0"))).code).toBe("version_not_found");
});

test.each([
  ["1.1.0", ["1.0.0", "1.2.0-beta.1"], "1.0.0"],
  ["1.1.0", ["1.2.0-beta.1"], null],
  ["1.1.0", ["1.0.0", "2.0.0"], "2.0.0"],
  ["1.2.0-beta.2", ["1.2.0-beta.1", "2.0.0-alpha.1", "1.1.0"], "1.2.0-beta.1"],
  ["1.2.0-beta.2", ["2.0.0-alpha.1", "1.1.0"], "1.1.0"],
  ["1.2.0-beta.2", [], null],
])("instead of %s, of %j, %s is offered", (withdrawn, published, expected) => {
  expect(replacement(withdrawn, published)).toBe(expected);
});
