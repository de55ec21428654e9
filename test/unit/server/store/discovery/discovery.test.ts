import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type RawAnswer, rawRequest } from "../raw-http.ts";
import { type RunningStore, runStore } from "../running-store.ts";

const PATH = "/discovery/main/harmonix.json";
const parse = (answer: RawAnswer) => JSON.parse(answer.body.toString());

/** Enough plugins that compressing pays. */
async function fill(store: RunningStore): Promise<void> {
  for (const name of ["zebra", "@acme/maps", "orders", "accounts", "stock"])
    await store.release(name, "1.0.0");
}

/** Asks until the answer comes in the coding: compressed forms are made beside the requests. */
async function inCoding(store: RunningStore, coding: string): Promise<RawAnswer> {
  for (let turn = 0; turn < 200; turn++) {
    const answer = await rawRequest(store.url, PATH, { "accept-encoding": coding });
    if (answer.headers["content-encoding"] === coding) return answer;
    await delay(10);
  }
  throw new Error(`no answer in ${coding}`);
}

test("an empty store answers an empty list", async () => {
  const store = await runStore();
  const answer = await rawRequest(store.url, "/discovery/main");
  expect([answer.status, answer.body.toString()]).toEqual([200, "[]"]);
  expect((await rawRequest(store.url, `${PATH}?shape=sections`)).body.toString()).toBe("[]");
});

test("every plugin is there once, by id, with what its package.json says", async () => {
  const store = await runStore();
  await store.release("orders", "1.0.0");
  await store.release(
    "orders",
    "1.4.2",
    { "icon.svg": "<svg/>" },
    {
      description: "Incoming \u201corders\u201d",
      plugctl: {
        displayName: "Orders",
        icon: "./icon.svg",
        category: ["user", "admin"],
        config: { pageSize: 50 },
        metadata: { team: "sales" },
      },
    },
  );
  await store.release("@acme/maps", "0.9.0", {}, { plugctl: { icon: "map" } });
  await store.release("draft", "1.0.0-beta.1");
  const answer = await rawRequest(store.url, PATH);
  const integrity = expect.stringMatching(/^sha384-[A-Za-z0-9+/]{64}$/);
  expect(parse(answer)).toEqual([
    {
      pluginId: "@acme/maps",
      pluginUrl: `${store.url}/cdn/@acme/maps/0.9.0/index.js`,
      version: "0.9.0",
      integrity,
      icon: "map",
      externals: ["lit"],
    },
    {
      pluginId: "orders",
      pluginUrl: `${store.url}/cdn/orders/1.4.2/index.js`,
      version: "1.4.2",
      integrity,
      name: "Orders",
      description: "Incoming \u201corders\u201d",
      icon: `${store.url}/cdn/orders/1.4.2/icon.svg`,
      category: ["user", "admin"],
      externals: ["lit"],
      config: { pageSize: 50 },
      metadata: { team: "sales" },
    },
  ]);
  expect(Object.keys(parse(answer)[1])).toEqual(
    "pluginId pluginUrl version integrity name description icon category externals config metadata".split(
      " ",
    ),
  );
  for (const { pluginUrl, integrity: sri } of parse(answer)) {
    const file = await rawRequest(store.url, new URL(pluginUrl).pathname);
    expect(`sha384-${createHash("sha384").update(file.body).digest("base64")}`).toBe(sri);
  }
});

test("sections hold the plugins that name them, and the rest is in the default one", async () => {
  const store = await runStore();
  const sales = { id: "sales", name: "Sales", description: "All of sales", icon: "cart" };
  const tools = { id: "tools", name: "Tools" };
  await store.release(
    "orders",
    "1.0.0",
    {},
    { plugctl: { sections: [sales, tools], displayName: "Orders", category: "admin" } },
  );
  await store.release("stock", "1.0.0", {}, { plugctl: { sections: [{ ...sales, name: "Other words" }] } });
  await store.release("zebra", "1.0.0");
  const sections = parse(await rawRequest(store.url, `${PATH}?shape=sections`));
  const plugin = (id: string, name: string, category: string[]) => ({
    pluginId: id,
    pluginUrl: `${store.url}/cdn/${id}/1.0.0/index.js`,
    name,
    category,
    version: "1.0.0",
    integrity: expect.stringMatching(/^sha384-/),
  });
  expect(sections).toEqual([
    {
      id: "default",
      name: "default",
      description: "",
      icon: "",
      plugins: [plugin("zebra", "zebra", ["user"])],
    },
    { ...sales, plugins: [plugin("orders", "Orders", ["admin"]), plugin("stock", "stock", ["user"])] },
    { ...tools, description: "", icon: "", plugins: [plugin("orders", "Orders", ["admin"])] },
  ]);
});

describe("negotiation", () => {
  test.each([
    [undefined, "application/json"],
    ["*/*", "application/json"],
    ["text/html, application/json;q=0.5", "application/json"],
    ["application/vnd.plugctl.harmonix+json", "application/vnd.plugctl.harmonix+json"],
    [
      "application/json;q=0.2, application/vnd.plugctl.harmonix+json;q=0.9",
      "application/vnd.plugctl.harmonix+json",
    ],
  ])("of %s gives %s", async (accept, type) => {
    const store = await runStore();
    const answer = await rawRequest(store.url, "/discovery/main", accept === undefined ? {} : { accept });
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, type]);
  });

  test("of what is not offered is refused with the list of types", async () => {
    const store = await runStore();
    for (const accept of ["text/html", "application/json;q=0, application/importmap+json"]) {
      const answer = await rawRequest(store.url, "/discovery/main", { accept });
      expect(answer.status).toBe(406);
      expect(parse(answer)).toMatchObject({
        code: "format_not_available",
        offered: ["application/json", "application/vnd.plugctl.harmonix+json"],
      });
    }
  });

  test("of a coding that is not there is refused", async () => {
    const store = await runStore();
    const answer = await rawRequest(store.url, PATH, { "accept-encoding": "zstd, identity;q=0" });
    expect(answer.status).toBe(406);
  });

  test("an unknown feed, document or shape is an error that pages of any origin can read", async () => {
    const store = await runStore();
    for (const [path, status, code] of [
      ["/discovery/staging", 404, "feed_not_found"],
      ["/discovery/staging/harmonix.json", 404, "feed_not_found"],
      ["/discovery/main/other.json", 404, "not_found"],
      [`${PATH}?shape=circle`, 400, "bad_request"],
    ] as const) {
      const answer = await rawRequest(store.url, path);
      expect([path, answer.status, parse(answer).code]).toEqual([path, status, code]);
      expect(answer.headers).toMatchObject({
        "cache-control": "no-store",
        "access-control-allow-origin": "*",
      });
    }
  });
});

describe("caching", () => {
  test("answers carry what caches and browsers need", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0");
    const answer = await rawRequest(store.url, PATH);
    const hash = createHash("sha256").update(answer.body).digest("base64url").slice(0, 27);
    expect(answer.headers).toMatchObject({
      etag: `"${hash}"`,
      "cache-control": "public, max-age=5, stale-while-revalidate=60, stale-if-error=86400",
      vary: "Accept, Accept-Encoding",
      "access-control-allow-origin": "*",
      "x-plugctl-revision": "1",
      "content-length": String(answer.body.length),
    });
    expect(answer.headers["access-control-expose-headers"]).toContain("X-Plugctl-Revision");
  });

  test("a client that has the list gets 304 with the same validators, whatever coding it has", async () => {
    const store = await runStore();
    await fill(store);
    const { headers } = await rawRequest(store.url, PATH);
    const tag = String(headers.etag).slice(1, -1);
    for (const match of [`"${tag}"`, `W/"${tag}"`, `"x", "${tag}-br"`, `"${tag}-gz"`, "*"]) {
      const answer = await rawRequest(store.url, PATH, { "if-none-match": match });
      expect([match, answer.status, answer.body.length]).toEqual([match, 304, 0]);
      expect(answer.headers).toMatchObject({
        etag: headers.etag,
        "cache-control": headers["cache-control"],
        vary: headers.vary,
        "access-control-allow-origin": "*",
      });
    }
    expect((await rawRequest(store.url, PATH, { "if-none-match": '"x"' })).status).toBe(200);
  });

  test("compressed forms hold the same bytes and have tags of their own", async () => {
    const store = await runStore();
    await fill(store);
    const plain = await rawRequest(store.url, PATH);
    const tag = String(plain.headers.etag).slice(1, -1);
    const brotli = await inCoding(store, "br");
    const gzip = await inCoding(store, "gzip");
    expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    expect([brotli.headers.etag, gzip.headers.etag]).toEqual([`"${tag}-br"`, `"${tag}-gz"`]);
    const preferred = await rawRequest(store.url, PATH, { "accept-encoding": "br;q=0.5, gzip" });
    expect(preferred.headers["content-encoding"]).toBe("gzip");
  });

  test("a publish changes the next answer at once; what the feed does not show changes nothing", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0");
    const first = await rawRequest(store.url, PATH);
    await store.release("orders", "1.1.0-beta.1");
    const second = await rawRequest(store.url, PATH);
    expect([second.headers.etag, second.headers["x-plugctl-revision"]]).toEqual([first.headers.etag, "1"]);
    await store.release("orders", "1.1.0");
    const third = await rawRequest(store.url, PATH, { "if-none-match": String(first.headers.etag) });
    expect([third.status, third.headers["x-plugctl-revision"]]).toEqual([200, "2"]);
    expect(parse(third)[0].version).toBe("1.1.0");
  });

  test("after many publishes at once the list is complete", async () => {
    const store = await runStore();
    const names = Array.from({ length: 20 }, (_, index) => `plugin-${String(index).padStart(2, "0")}`);
    await Promise.all(names.map((name) => store.release(name, "1.0.0")));
    const answer = await rawRequest(store.url, PATH);
    expect(parse(answer).map((item: { pluginId: string }) => item.pluginId)).toEqual(names);
    expect(answer.headers["x-plugctl-revision"]).toBe("20");
  });
});

test("HEAD has the headers of GET, and OPTIONS lets any origin ask", async () => {
  const store = await runStore();
  await store.release("orders", "1.0.0");
  const get = await rawRequest(store.url, PATH);
  const head = await rawRequest(store.url, PATH, {}, "HEAD");
  expect([head.status, head.body.length]).toEqual([200, 0]);
  expect({ ...head.headers, date: "" }).toEqual({ ...get.headers, date: "" });
  const options = await rawRequest(store.url, PATH, { origin: "https://app.example.test" }, "OPTIONS");
  expect([options.status, options.headers["access-control-allow-origin"]]).toEqual([204, "*"]);
  expect(options.headers["access-control-max-age"]).toBe("7200");
});

describe("URLs", () => {
  test("follow the request's host, and a host that cannot be one is refused", async () => {
    const store = await runStore();
    await store.release("orders", "1.0.0");
    const answer = await rawRequest(store.url, PATH, {
      host: "plugins.example.test:8080",
      "x-forwarded-host": "evil.test",
    });
    expect(parse(answer)[0].pluginUrl).toBe("http://plugins.example.test:8080/cdn/orders/1.0.0/index.js");
    for (const host of ['a"b', "a/b", "a b"]) {
      expect((await rawRequest(store.url, PATH, { host })).status).toBe(400);
    }
  });

  test("follow the configured address where there is one", async () => {
    const store = await runStore({}, { publicUrl: "https://store.example.test" });
    await store.release("orders", "1.0.0");
    const answer = await rawRequest(store.url, PATH, { host: "evil.test" });
    expect(parse(answer)[0].pluginUrl).toBe("https://store.example.test/cdn/orders/1.0.0/index.js");
  });
});
