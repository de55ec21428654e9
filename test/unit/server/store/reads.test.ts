import { expect, test } from "vitest";
import { json, runStore } from "./running-store.ts";

const ids = async (answer: Response) =>
  ((await json(answer)).items as { id: string }[]).map((item) => item.id);

test("plugins are listed with what a table shows, and found by words and provider", async () => {
  const store = await runStore();
  await store.release(
    "orders",
    "1.0.0",
    {},
    { description: "Incoming orders", plugctl: { displayName: "Bestellungen" } },
  );
  await store.release("orders", "1.1.0-beta.1");
  await store.release("@acme/maps", "0.1.0", {}, { keywords: ["geo", "Tiles"] });
  const list = await json(await store.call("viewer", "/api/v1/plugins"));
  expect(list.items).toEqual([
    expect.objectContaining({ id: "@acme/maps", latest: "0.1.0" }),
    {
      id: "orders",
      provider: "acme",
      latest: "1.0.0",
      channels: { beta: "1.1.0-beta.1", latest: "1.0.0" },
      description: "Incoming orders",
      displayName: "Bestellungen",
      versions: 2,
      updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      state: "available",
    },
  ]);
  const search = async (query: string) => ids(await store.call("viewer", `/api/v1/plugins${query}`));
  expect(await search("?q=BESTELL")).toEqual(["orders"]);
  expect(await search("?q=incoming+orders")).toEqual(["orders"]);
  expect(await search("?q=tiles")).toEqual(["@acme/maps"]);
  expect(await search("?q=tiles+orders")).toEqual([]);
  expect(await search("?provider=acme")).toHaveLength(2);
  expect(await search("?provider=globex")).toEqual([]);
});

test("a plugin and its versions are read by the encoded id and by the literal one", async () => {
  const store = await runStore();
  const manifest = { license: "MIT", author: "Ann", plugctl: { category: ["admin"] } };
  await store.release("@acme/versions", "1.0.0", { "style.css": "a{}" }, manifest);
  await store.release("@acme/versions", "1.0.1", {}, manifest);
  for (const id of ["@acme%2Fversions", "%40acme%2fversions", "@acme/versions"]) {
    const plugin = await json(await store.call("viewer", `/api/v1/plugins/${id}`));
    expect(plugin).toMatchObject({
      id: "@acme/versions",
      name: "@acme/versions",
      license: "MIT",
      author: "Ann",
      homepage: null,
      category: ["admin"],
      entryUrl: `${store.url}/cdn/@acme/versions/1.0.1/index.js`,
      integrity: expect.stringMatching(/^sha384-/),
    });
    const { items } = await json(await store.call("viewer", `/api/v1/plugins/${id}/versions`));
    expect(items).toEqual(plugin.versionsList);
    expect(items).toEqual([
      expect.objectContaining({ version: "1.0.1", channels: ["latest"] }),
      expect.objectContaining({
        version: "1.0.0",
        channels: [],
        files: 3,
        publishedBy: "ann",
        state: "published",
      }),
    ]);
    const version = await json(await store.call("viewer", `/api/v1/plugins/${id}/versions/1.0.0`));
    expect(version).toMatchObject({
      plugin: "@acme/versions",
      version: "1.0.0",
      entry: "index.js",
      externals: ["lit"],
      files: [
        { path: "index.js" },
        { path: "package.json", served: false },
        { path: "style.css", type: "text/css; charset=utf-8" },
      ],
      manifest: { name: "@acme/versions", license: "MIT" },
    });
  }
});

test("ids of the full length are read", async () => {
  const store = await runStore();
  const id = `@acme/${"x".repeat(208)}`;
  await store.release(id, "1.0.0");
  for (const spelling of [id, encodeURIComponent(id)]) {
    expect((await json(await store.call("viewer", `/api/v1/plugins/${spelling}`))).id).toBe(id);
  }
});

test("reading needs a login, and what is not there is said by its name", async () => {
  const store = await runStore();
  await store.release("orders", "1.0.0");
  expect((await store.call(null, "/api/v1/plugins")).status).toBe(401);
  expect((await store.call(null, "/api/v1/plugins/orders")).status).toBe(401);
  expect(await json(await store.call("viewer", "/api/v1/plugins/nothing"))).toMatchObject({
    status: 404,
    code: "plugin_not_found",
  });
  const version = await store.call("viewer", "/api/v1/plugins/orders/versions/2.0.0");
  expect(await json(version)).toMatchObject({ status: 404, code: "version_not_found" });
});

test("after a restart on the same data everything is as it was", async () => {
  const first = await runStore();
  await first.release("orders", "1.0.0");
  await first.release("@acme/maps", "0.1.0", {}, { plugctl: { config: { a: 1 } } });
  const read = async (store: typeof first) => ({
    plugins: await json(await store.call("viewer", "/api/v1/plugins")),
    list: (await (await store.call(null, "/discovery/main")).text()).replaceAll(store.url, ""),
  });
  const before = await read(first);
  const second = await runStore({}, { dataDir: first.frame.context.dataDir });
  expect(await read(second)).toEqual(before);
  expect((await second.call(null, "/discovery/main")).headers.get("x-plugctl-revision")).toBe("2");
});
