import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEntry } from "../../../../src/core/marketplace/entry.ts";
import { DirectoryCatalogue } from "../../../../src/engine/catalogue/directory.ts";
import { ResourceStore } from "../../../../src/engine/resources/store.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";
import { expectedEntries, MARKETPLACE, MARKETPLACE_ABSENT } from "../../../helpers/thinger-marketplace.ts";

const product = (version: string, code: string) => {
  const entry = parseEntry({
    name: "lht65",
    version,
    resources: { products: [{ product: "lht65", profile: { code: { code } } }] },
  });
  return { entry, origin: "test", manifestDigest: `sha256:${version}` };
};

describe("ResourceStore", () => {
  it("stores, lists and exports what is installed, for each user apart", async () => {
    const folder = await makeTempDir();
    const store = new ResourceStore(folder);
    const { installed, changed } = await store.put("ada", "lht65", product("1.0.0", "a()"));
    expect(changed).toBe(true);
    expect(await new ResourceStore(folder).list("ada")).toEqual([installed]);
    expect(await store.list("bob")).toEqual([]);
    const exported = await store.export("ada");
    expect(JSON.parse(JSON.stringify(exported))).toEqual([
      expect.objectContaining({
        plugin: "lht65",
        version: "1.0.0",
        file: product("1.0.0", "a()").entry.file,
      }),
    ]);
    expect(exported[0]).not.toHaveProperty("previous");
  });

  it("says what an update would change, down to the member", async () => {
    const store = new ResourceStore(await makeTempDir());
    await store.put("ada", "lht65", product("1.0.0", "a()"));
    expect(await store.diff("ada", "lht65", product("1.0.0", "a()").entry)).toEqual([]);
    expect(await store.diff("ada", "lht65", product("1.1.0", "b()").entry)).toEqual([
      { path: "version", change: "changed", before: "1.0.0", after: "1.1.0" },
      { path: "resources.products[lht65].profile.code.code", change: "changed", before: "a()", after: "b()" },
    ]);
  });

  it("goes back to what was there before the last change, and forth again", async () => {
    const store = new ResourceStore(await makeTempDir());
    await store.put("ada", "lht65", product("1.0.0", "a()"));
    await expect(store.rollback("ada", "lht65")).rejects.toMatchObject({ code: "CONFLICT" });
    await store.put("ada", "lht65", product("1.1.0", "b()"));
    expect((await store.rollback("ada", "lht65")).version).toBe("1.0.0");
    expect((await store.get("ada", "lht65")).file).toEqual(product("1.0.0", "a()").entry.file);
    expect((await store.rollback("ada", "lht65")).version).toBe("1.1.0");
  });

  it("does nothing when the same is installed again or removed again", async () => {
    const store = new ResourceStore(await makeTempDir());
    await store.put("ada", "lht65", product("1.0.0", "a()"));
    expect((await store.put("ada", "lht65", product("1.0.0", "a()"))).changed).toBe(false);
    expect(await store.remove("ada", "lht65")).toBe(true);
    expect(await store.remove("ada", "lht65")).toBe(false);
    await expect(store.get("ada", "lht65")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("keeps names apart and within its folder, whatever they are", async () => {
    const root = await makeTempDir();
    const store = new ResourceStore(join(root, "store"));
    const names = ["..", ".", "../x", "a/b", "A", "a", "%61", "ü", "con\0"];
    for (const name of names) await store.put(name, name, product("1.0.0", name));
    for (const name of names) {
      expect((await store.list(name)).map(({ plugin }) => plugin)).toEqual([name]);
    }
    expect(readdirSync(root)).toEqual(["store"]);
    expect(readdirSync(join(root, "store"))).toHaveLength(names.length);
    await expect(store.get("ada", "")).rejects.toMatchObject({ code: "INVALID" });
  });

  it("never shows half a record while it is being replaced", async () => {
    const store = new ResourceStore(await makeTempDir());
    await store.put("ada", "lht65", product("0", "a".repeat(100_000)));
    const writes = Promise.all(
      ["1", "2", "3", "4"].map((version) =>
        store.put("ada", "lht65", product(version, version.repeat(100_000))),
      ),
    );
    const reads = await Promise.all(Array.from({ length: 20 }, () => store.get("ada", "lht65")));
    await writes;
    for (const { version } of reads) expect(["0", "1", "2", "3", "4"]).toContain(version);
    expect(await store.list("ada")).toHaveLength(1);
  });

  it("says which record is damaged", async () => {
    const folder = await makeTempDir();
    const store = new ResourceStore(folder);
    await store.put("ada", "lht65", product("1.0.0", "a()"));
    writeFileSync(join(folder, "ada", "lht65.json"), "{");
    await expect(store.list("ada")).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringContaining("lht65.json is damaged"),
    });
  });

  it("gives back any data as it was", async () => {
    const store = new ResourceStore(await makeTempDir());
    await fc.assert(
      fc.asyncProperty(fc.uuid(), fc.jsonValue(), async (digest, data) => {
        const json: unknown = JSON.parse(
          JSON.stringify({ name: "p", version: "1.0.0", resources: { products: [{ product: "p", data }] } }),
        );
        const entry = parseEntry(json);
        await store.put("ada", "p", { entry, origin: "test", manifestDigest: digest });
        expect((await store.get("ada", "p")).file).toEqual(json);
      }),
      { numRuns: 30 },
    );
  });

  it.skipIf(MARKETPLACE_ABSENT)("holds all plugins of the real marketplace that are data", async () => {
    const catalogue = new DirectoryCatalogue({ root: MARKETPLACE, cache: await makeTempDir() });
    const store = new ResourceStore(await makeTempDir());
    const names = expectedEntries().flatMap(({ name, kind }) => (kind === "container" ? [] : [name]));
    for (const name of names) {
      await store.put("ada", name, { ...(await catalogue.entry(name)), origin: catalogue.origin });
    }
    const exported = await store.export("ada");
    expect(exported.map(({ plugin }) => plugin)).toEqual([...names].sort());
    expect(exported).toHaveLength(104);
    for (const { plugin } of exported) {
      expect(await store.diff("ada", plugin, (await catalogue.entry(plugin)).entry)).toEqual([]);
    }
  });
});
