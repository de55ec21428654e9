import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { makeTgz, pluginTree } from "./archives.ts";
import { runStore } from "./running-store.ts";

test("a published version is in the answer, in discovery and on the CDN, byte for byte", async () => {
  const store = await runStore();
  const tree = pluginTree("orders", "1.0.0", { "chunk.js": "export const a = 1;\n" });
  const answer = await store.publish(tree);
  const body = await answer.json();
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
  });
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
  const file = await store.call(null, "/cdn/orders/1.0.0/index.js");
  expect(await file.text()).toBe(tree["index.js"]);
});
