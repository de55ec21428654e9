import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { type AptClient, makeAptClient } from "../../helpers/apt-client.ts";
import { makePackage, type PackageFacts } from "../../helpers/deb-package.ts";
import { serveRepository } from "../../helpers/deb-repository.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { serveHttp } from "../../helpers/http-server.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const HELLO: PackageFacts = { name: "wazo-plugind-hello-acme", files: { "usr/share/hello": "hello" } };

async function publish(...packages: PackageFacts[]) {
  const served = await serveRepository();
  const folder = await makeTempDir();
  for (const item of packages) await served.repository.add(await makePackage(folder, item), "main");
  return { ...served, folder };
}

async function follow(url: string, query = ""): Promise<AptClient> {
  const client = await makeAptClient();
  await client.useSources(await (await fetch(`${url}/apt/plugctl.sources${query}`)).text());
  return client;
}

/** Stands between APT and the repository; what `alter` returns is answered instead. */
async function alterOnTheWay(http: string, alter: (path: string, body: Buffer) => Buffer) {
  const paths: string[] = [];
  const { url } = await serveHttp(async (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? "";
    paths.push(path);
    const answer = await fetch(http + path);
    const body = Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status).end(answer.ok ? alter(path, body) : body);
  });
  const client = await follow(http);
  const sources = await (await fetch(`${http}/apt/plugctl.sources`)).text();
  await client.useSources(sources.replace(http, url));
  return { client, paths };
}

const replaced = (body: Buffer, from: string, to: string) =>
  Buffer.from(body.toString("latin1").replace(from, to), "latin1");

describeWith(["apt"], "apt on a repository of ours", () => {
  it("installs, upgrades and removes packages, with nothing but the file of sources", async () => {
    const needed = { name: "libhello", version: "2:1.0+dfsg~1-3", files: { "usr/share/lib": "lib" } };
    const { http, repository, folder } = await publish(needed, {
      ...HELLO,
      fields: { Depends: "libhello (>= 2:1.0)" },
    });
    const client = await follow(http);
    const update = await client.apt("update");
    expect(update).toEqual({ code: 0, text: expect.not.stringMatching(/^[WE]:/m) });
    expect(await client.apt("install", "-y", HELLO.name)).toMatchObject({ code: 0 });
    expect(await readFile(join(client.root, "usr/share/hello"), "utf8")).toBe("hello");
    expect(await readFile(join(client.root, "usr/share/lib"), "utf8")).toBe("lib");
    await repository.add(
      await makePackage(folder, { ...HELLO, version: "1.1", files: { "usr/share/hello": "new" } }),
      "main",
    );
    await client.apt("update");
    expect(await client.apt("upgrade", "-y")).toMatchObject({ code: 0 });
    expect(await readFile(join(client.root, "usr/share/hello"), "utf8")).toBe("new");
    expect(await client.apt("install", "-y", "--allow-downgrades", `${HELLO.name}=1.0`)).toMatchObject({
      code: 0,
    });
    expect(await readFile(join(client.root, "usr/share/hello"), "utf8")).toBe("hello");
    expect(await client.apt("remove", "-y", HELLO.name)).toMatchObject({ code: 0 });
    expect(await client.status()).not.toContain(`Package: ${HELLO.name}`);
  });

  it("follows channels, each with packages of its own", async () => {
    const { http, repository, folder } = await publish(HELLO);
    await repository.add(await makePackage(folder, { ...HELLO, version: "2.0~beta1" }), "beta");
    const stable = await follow(http);
    const beta = await follow(http, "?channel=beta");
    for (const [client, version] of [
      [stable, "1.0"],
      [beta, "2.0~beta1"],
    ] as const) {
      await client.apt("update");
      expect(await client.apt("install", "-y", HELLO.name)).toMatchObject({ code: 0 });
      expect(await client.status()).toContain(`Version: ${version}\n`);
    }
  });

  it("fetches indexes by their digests, and nothing anew that has not changed", async () => {
    const { http, repository } = await publish(HELLO);
    const { client, paths } = await alterOnTheWay(http, (_path, body) => body);
    await client.apt("update");
    expect(paths.filter((path) => path.includes("binary-"))).toEqual([
      expect.stringMatching(/^\/apt\/dists\/main\/main\/binary-\w+\/by-hash\/SHA256\/[0-9a-f]{64}$/),
    ]);
    // Two states of one second cannot be told apart by their dates, until the next turn of the job.
    await setTimeout(1_100);
    await repository.renew();
    const direct = await follow(http);
    await direct.apt("update");
    const again = await direct.apt("update");
    expect(again.text).toMatch(/^Hit:1 .* main InRelease$/m);
  });

  it("gets a whole state when a newer one appears between its requests", async () => {
    const { http, repository, folder } = await publish(HELLO);
    const added: Promise<unknown>[] = [];
    const { client } = await alterOnTheWay(http, (path, body) => {
      if (path.endsWith("/InRelease")) {
        added.push(makePackage(folder, { name: "other" }).then((file) => repository.add(file, "main")));
      }
      return body;
    });
    expect((await client.apt("update")).text).not.toMatch(/^[WE]:/m);
    await Promise.all(added);
    expect(added).toHaveLength(1);
    expect(await client.apt("install", "-y", HELLO.name)).toMatchObject({ code: 0 });
  });

  it.each([
    [
      "a changed InRelease",
      /InRelease$/,
      "Origin: plugctl",
      "Origin: another",
      /signature|BADSIG|clearsign/i,
    ],
    ["a changed index", /by-hash/, "", "", /Hash Sum mismatch/i],
  ])("refuses %s", async (_what, where, from, to, complaint) => {
    const { http } = await publish(HELLO);
    const { client } = await alterOnTheWay(http, (path, body) => {
      if (!where.test(path)) return body;
      return from === "" ? Buffer.concat([body.subarray(0, -1), Buffer.from("x")]) : replaced(body, from, to);
    });
    const { text } = await client.apt("update");
    expect(text).toMatch(/^[WE]: /m);
    expect(text).toMatch(complaint);
    expect(await client.apt("install", "-y", HELLO.name)).toMatchObject({ code: 100 });
  });

  it("refuses a changed package", async () => {
    const { http } = await publish(HELLO);
    const { client } = await alterOnTheWay(http, (path, body) =>
      path.includes("/pool/") ? replaced(body, "hello", "jello") : body,
    );
    expect(await client.apt("update")).toMatchObject({ code: 0 });
    const install = await client.apt("install", "-y", HELLO.name);
    expect(install.code).toBe(100);
    expect(install.text).toContain("Hash Sum mismatch");
    expect(await client.status()).not.toContain(HELLO.name);
  });

  it("refuses the repository of another key", async () => {
    const [one, other] = [await publish(HELLO), await publish(HELLO)];
    const client = await makeAptClient();
    const sources = await (await fetch(`${one.http}/apt/plugctl.sources`)).text();
    await client.useSources(sources.replace(one.http, other.http));
    expect((await client.apt("update")).text).toContain("NO_PUBKEY");
  });

  it("refuses a state whose time is over, and takes it again once it is signed anew", async () => {
    let now = new Date(Date.now() - 30 * 86_400_000);
    const { http, repository } = await serveRepository({ now: () => now });
    await repository.add(await makePackage(await makeTempDir(), HELLO), "main");
    const client = await follow(http);
    const stale = await client.apt("update");
    expect(stale.text).toMatch(/^E: Release file for .* is expired/m);
    now = new Date();
    await repository.renew();
    expect((await client.apt("update")).text).not.toMatch(/^[WE]:/m);
  });

  it("goes on where a download was cut off", async () => {
    const { http, repository } = await publish({
      ...HELLO,
      files: { "usr/share/large": "x".repeat(300_000) },
    });
    const [item] = await repository.list();
    const { sha256 = "", sizeBytes = 0 } = item ?? {};
    const url = `${http}/apt/pool/${sha256}/${HELLO.name}_1.0_all.deb`;
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    const part = await fetch(url, { headers: { range: "bytes=200000-", "if-range": `"${sha256}"` } });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 200000-${sizeBytes - 1}/${sizeBytes}`);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(200_000));
    expect((await fetch(url, { headers: { range: `bytes=${sizeBytes}-` } })).status).toBe(416);
    expect((await fetch(url, { headers: { "if-none-match": `"${sha256}"` } })).status).toBe(304);
    expect((await fetch(url, { method: "HEAD" })).headers.get("content-length")).toBe(String(sizeBytes));
  });
});
