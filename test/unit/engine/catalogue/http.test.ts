import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { HttpCatalogue } from "../../../../src/engine/catalogue/http.ts";
import { openCatalogue } from "../../../../src/engine/catalogue/open.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** A server that counts, with bodies that a test may change. */
async function serve(bodies: Record<string, string>) {
  const seen: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const body = bodies[request.url ?? ""];
    if (body === undefined) {
      seen.push(`404 ${request.url}`);
      response.writeHead(404).end();
      return;
    }
    const etag = `"${sha256(body)}"`;
    const known = request.headers["if-none-match"] === etag;
    seen.push(`${known ? 304 : 200} ${request.url}`);
    response.writeHead(known ? 304 : 200, { etag }).end(known ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(close);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/market/index.json`,
    seen,
    bodies,
    close,
  };
}

const README = "# Lab\n";
const file = (path: string, content: string) => ({ path, size: content.length, sha256: sha256(content) });
const item = (name: string, version: string, rest: object = {}) => ({
  plugin_file: { name, version, repository: { directory: `${name}-dir` } },
  ...rest,
});

const INDEX = [
  item("lab", "1.0.0", { base: "old/lab" }),
  item("lab", "1.10.0", { files: [file("README.md", README), file("config/a b.yml", "a: 1")] }),
  item("lab", "1.9.0"),
  { plugin_file: { name: "broken" } },
];

const published = () =>
  serve({
    "/market/index.json": JSON.stringify(INDEX),
    "/market/lab-dir/README.md": README,
    "/market/lab-dir/config/a%20b.yml": "a: 1",
  });

describe("HttpCatalogue", () => {
  it("lists the newest version of each entry, and what is wrong with the others", async () => {
    const { url } = await published();
    const catalogue = new HttpCatalogue({ url, cache: await makeTempDir() });
    const { entries, problems } = await catalogue.list();
    expect(entries.map(({ name, version }) => [name, version])).toEqual([["lab", "1.10.0"]]);
    expect(problems).toEqual(['plugin.json of "broken": version must be a string']);
    expect(await catalogue.versions("lab")).toEqual(["1.10.0", "1.9.0", "1.0.0"]);
    expect((await catalogue.entry("lab-dir", "1.9.0")).entry.version).toBe("1.9.0");
    await expect(catalogue.entry("lab", "2.0.0")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(catalogue.entry("absent")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("asks again only by the ETag, and not at all while the index is recent", async () => {
    const { url, seen, bodies } = await published();
    const cache = await makeTempDir();
    const eager = () => new HttpCatalogue({ url, cache, maxAgeSeconds: 0 }).list();
    await eager();
    await eager();
    await new HttpCatalogue({ url, cache, maxAgeSeconds: 60 }).list();
    expect(seen).toEqual(["200 /market/index.json", "304 /market/index.json"]);
    bodies["/market/index.json"] = JSON.stringify([item("other", "1.0.0")]);
    expect((await eager()).entries.map(({ name }) => name)).toEqual(["other"]);
  });

  it("goes on with what it has when the server is gone or talks nonsense, and says so", async () => {
    const { url, bodies, close } = await published();
    const catalogue = new HttpCatalogue({ url, cache: await makeTempDir(), maxAgeSeconds: 0 });
    await catalogue.list();
    bodies["/market/index.json"] = "<html>";
    expect((await catalogue.list()).problems[0]).toMatch(/is not JSON.*; shown as of \d{4}-/);
    close();
    const { entries, problems } = await catalogue.list();
    expect(entries).toHaveLength(1);
    expect(problems[0]).toMatch(/^cannot read http:.*; shown as of \d{4}-/);
  });

  it("fetches the files of an entry, checks them, and keeps them", async () => {
    const { url, seen } = await published();
    const lab = await new HttpCatalogue({ url, cache: await makeTempDir() }).entry("lab");
    expect(await lab.readme()).toBe(README);
    expect(await lab.changelog()).toBeNull();
    expect(Buffer.from(await lab.asset("config/a b.yml")).toString()).toBe("a: 1");
    await expect(lab.asset("secret")).rejects.toMatchObject({ code: "NOT_FOUND" });
    const folder = await lab.folder();
    expect(readFileSync(join(folder, "config/a b.yml"), "utf8")).toBe("a: 1");
    expect(readdirSync(folder).sort()).toEqual(["README.md", "config", "plugin.json"]);
    const requests = seen.length;
    expect(await lab.folder()).toBe(folder);
    expect(seen).toHaveLength(requests);
  });

  it("leaves no folder behind when a file is not what the index says", async () => {
    const { url, bodies } = await published();
    const cache = await makeTempDir();
    const lab = await new HttpCatalogue({ url, cache }).entry("lab");
    bodies["/market/lab-dir/config/a%20b.yml"] = "a: 2";
    await expect(lab.folder()).rejects.toMatchObject({ code: "VERIFICATION" });
    bodies["/market/lab-dir/config/a%20b.yml"] = "much longer than the index says";
    await expect(lab.folder()).rejects.toMatchObject({ code: "INVALID" });
    const [own = ""] = readdirSync(cache);
    expect(readdirSync(join(cache, own, "entries"))).toEqual([]);
  });

  it.each([
    [[item("lab", "1.0.0", { files: [{ ...file("x", ""), path: "../../x" }] })], /must be a path below/],
    [{ entries: [] }, /must be a list of entries/],
    [[item("lab", "1.0.0", { base: "http://elsewhere.example/lab" })], /not on the same server/],
  ])("refuses the hostile index %j", async (index, message) => {
    const { url } = await serve({ "/market/index.json": JSON.stringify(index) });
    const catalogue = new HttpCatalogue({ url, cache: await makeTempDir() });
    await expect(catalogue.entry("lab")).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringMatching(message),
    });
  });

  it("says what kept it from an index that it never had", async () => {
    const { url, close } = await serve({});
    const catalogue = new HttpCatalogue({ url, cache: await makeTempDir() });
    await expect(catalogue.list()).rejects.toMatchObject({ code: "NOT_FOUND" });
    close();
    await expect(catalogue.list()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("openCatalogue", () => {
  it("tells by its form what a location is", async () => {
    const cwd = await makeTempDir();
    const open = async (location: string) => (await openCatalogue(location, { cache: cwd, cwd })).origin;
    expect(await open(".")).toBe(cwd);
    expect(await open("https://example.com/index.json")).toBe("https://example.com/index.json");
    expect(await open("https://example.com/x.git//plugins#v1")).toBe(
      "git:https://example.com/x.git//plugins#v1",
    );
    expect(await open("git+https://example.com/x")).toBe("git:https://example.com/x");
    expect(await open("git@example.com:acme/x.git")).toBe("git:git@example.com:acme/x.git");
    expect(await open("git:./repository")).toBe(`git:${cwd}/repository`);
    for (const location of [
      "./absent",
      "https://u:p@example.com/",
      "git:ext::sh -c x",
      "git:--upload-pack=x",
    ]) {
      await expect(open(location)).rejects.toMatchObject({
        code: expect.stringMatching(/^(INVALID|USAGE)$/),
      });
    }
  });
});
