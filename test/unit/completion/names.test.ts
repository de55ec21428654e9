import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createNames } from "../../../src/completion/names.ts";
import { readCachedPlugins, writeCachedPlugins } from "../../../src/completion/plugin-cache.ts";
import { serveHttp } from "../../helpers/http-server.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const NOW = new Date("2026-03-01T12:00:00.000Z");
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);
const URL = "http://127.0.0.1:9";

async function namesWith(targets: Record<string, object>, settings: { now?: Date } = {}) {
  const folder = await makeTempDir();
  const config = join(folder, "config");
  await mkdir(config);
  await writeFile(join(config, "config.yaml"), JSON.stringify({ version: 1, targets }));
  const cache = join(folder, "cache", "plugctl");
  const env = { HOME: folder, PLUGCTL_CONFIG_DIR: config, XDG_CACHE_HOME: join(folder, "cache") };
  const names = createNames({ flags: {}, env, cwd: folder, now: () => settings.now ?? NOW });
  return { names, cache, config };
}

it("names the targets of the configuration", async () => {
  const { names } = await namesWith({ work: { kind: "store", url: URL } });
  expect(await names.targets()).toEqual([{ value: "work", description: `store ${URL}` }]);
});

it("has no names, and no error, where the configuration is broken", async () => {
  const { names, config } = await namesWith({});
  await writeFile(join(config, "config.yaml"), "targets: [");
  expect(await names.targets()).toEqual([]);
  expect(await names.plugins()).toEqual([]);
  expect(await names.plugins("nowhere")).toEqual([]);
});

it("takes plugins from the cache for ten seconds, for the same endpoint", async () => {
  const folder = await makeTempDir();
  const target = { name: "work", url: URL };
  const plugins = [{ value: "maps", description: "Maps" }];
  await writeCachedPlugins(folder, target, NOW, plugins);
  expect(await readCachedPlugins(folder, target, later(9))).toEqual(plugins);
  expect(await readCachedPlugins(folder, target, later(10))).toBeUndefined();
  expect(await readCachedPlugins(folder, target, later(-1))).toBeUndefined();
  expect(await readCachedPlugins(folder, { ...target, url: "http://127.0.0.1:10" }, NOW)).toBeUndefined();
  expect(await readCachedPlugins(folder, { ...target, name: "other" }, NOW)).toBeUndefined();
});

it("takes a damaged cache for none", async () => {
  const folder = await makeTempDir();
  await mkdir(join(folder, "completion"));
  for (const content of ["", "null", "[]", `{"url":"${URL}","at":"${NOW.toISOString()}"}`]) {
    await writeFile(join(folder, "completion", "work.json"), content);
    expect(await readCachedPlugins(folder, { name: "work", url: URL }, NOW)).toBeUndefined();
  }
});

it("asks the target when the cache is cold, and keeps the answer", async () => {
  const item = {
    id: "@acme/maps",
    provider: "acme",
    latest: "1.0.0",
    channels: { latest: "1.0.0" },
    description: "Maps",
    displayName: null,
    versions: 1,
    updatedAt: NOW.toISOString(),
    state: "available",
  };
  const { url } = await serveHttp((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ items: [item] }));
  });
  const { names, cache } = await namesWith({ work: { kind: "store", url } });
  // The first call also loads the adapter, for which there may be no time left on a busy machine.
  await expect
    .poll(() => names.plugins("work"), { timeout: 20_000 })
    .toEqual([{ value: "@acme/maps", description: "work: Maps", state: "available" }]);
  expect(JSON.parse(await readFile(join(cache, "completion", "work.json"), "utf8"))).toMatchObject({ url });
});

it("waits for no target that does not answer, and still names what the others have", async () => {
  const { url } = await serveHttp(() => {});
  const { names, cache } = await namesWith({
    slow: { kind: "store", url },
    work: { kind: "store", url: URL },
  });
  await writeCachedPlugins(cache, { name: "work", url: URL }, NOW, [{ value: "orders" }]);
  expect(await names.plugins()).toEqual([{ value: "orders" }]);
});

it("runs no command for a credential, since that may ask for a passphrase", async () => {
  const marker = join(await makeTempDir(), "ran");
  const { url } = await serveHttp((_request, response) => response.end());
  const { names } = await namesWith({
    work: { kind: "store", url, credential: { command: ["touch", marker] } },
  });
  expect(await names.plugins("work")).toEqual([]);
  await expect(readFile(marker)).rejects.toThrow("ENOENT");
});
