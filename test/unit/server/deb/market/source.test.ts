import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { fileMarket, WebMarket } from "../../../../../src/server/deb/market/source.ts";
import { serveHttp } from "../../../../helpers/http-server.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";

const log = pino({ level: "silent" });
const document = (...names: string[]) =>
  JSON.stringify({ items: names.map((name) => ({ namespace: "a", name, versions: [] })) });
const HOUR_MS = 3600_000;

async function makeMarket() {
  const state = { body: document("one"), status: 200, conditional: [] as (string | undefined)[] };
  const { url } = await serveHttp((request, response) => {
    state.conditional.push(request.headers["if-none-match"]);
    const etag = `"${state.body.length}"`;
    if (request.headers["if-none-match"] === etag) response.writeHead(304).end();
    else response.writeHead(state.status, { etag }).end(state.body);
  });
  const clock = { now: Date.now() };
  const folder = await makeTempDir();
  const open = () => WebMarket.open(`${url}/v1/plugins`, { folder, log, now: () => new Date(clock.now) });
  const names = async (market: WebMarket) => (await market.items()).map((item) => item.name);
  return { state, clock, open, names };
}

describe("a market on a web server", () => {
  test("is asked again after a while only, and then whether it has changed", async () => {
    const { state, clock, open, names } = await makeMarket();
    const market = await open();
    expect(await names(market)).toEqual(["one"]);
    expect(await names(market)).toEqual(["one"]);
    clock.now += HOUR_MS;
    expect(await names(market)).toEqual(["one"]);
    state.body = document("one", "two");
    clock.now += HOUR_MS;
    expect(await names(market)).toEqual(["one", "two"]);
    const etag = `"${document("one").length}"`;
    expect(state.conditional).toEqual([undefined, etag, etag]);
  });

  test("is answered for by its last document while it is away, over a restart too, but not for ever", async () => {
    const { state, clock, open, names } = await makeMarket();
    await names(await open());
    state.status = 500;
    state.body = "oops";
    clock.now += HOUR_MS;
    expect(await names(await open())).toEqual(["one"]);
    clock.now += 30 * 24 * HOUR_MS;
    await expect(names(await open())).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  test("that never answered, or answers with something else, is unavailable", async () => {
    const { state, open, names } = await makeMarket();
    state.body = "<html>";
    await expect(names(await open())).rejects.toMatchObject({ code: "UNAVAILABLE" });
    state.body = '{"plugins":[]}';
    await expect(names(await open())).rejects.toThrow("it is no market document");
  });
});

test("a market in a file is read anew each time", async () => {
  const path = join(await makeTempDir(), "market.json");
  const market = fileMarket(path, log);
  await expect(market.items()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await writeFile(path, document("one"));
  expect(await market.items()).toHaveLength(1);
  await writeFile(path, document("one", "two"));
  expect(await market.items()).toHaveLength(2);
  await writeFile(path, `${await readFile(path, "utf8")}}`);
  await expect(market.items()).rejects.toThrow("it is not JSON");
});
