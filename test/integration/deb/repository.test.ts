import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { parseParagraphs } from "../../../src/core/deb/control.ts";
import type { RepositoryPackage } from "../../../src/server/deb/repository/repository.ts";
import { makePackage } from "../../helpers/deb-package.ts";
import { serveRepository } from "../../helpers/deb-repository.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const get = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer());
const digest = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");

/** Follows the signed state of a channel down to every package, and returns them. */
async function readWhole(http: string, channel: string): Promise<string[]> {
  const base = `${http}/apt/dists/${channel}`;
  const release = String(await get(`${base}/Release`));
  const lines = [...release.matchAll(/^ ([0-9a-f]{64}) +(\d+) (\S+)$/gm)];
  expect(lines).toHaveLength(20);
  for (const [, sha256 = "", size, path = ""] of lines) {
    const folder = path.replace(/\/[^/]+$/, "");
    const content = await get(`${base}/${folder}/by-hash/SHA256/${sha256}`);
    expect([digest(content), content.length]).toEqual([sha256, Number(size)]);
    expect(await get(`${base}/${path}`)).toEqual(content);
  }
  const index = gunzipSync(await get(`${base}/main/binary-amd64/Packages.gz`)).toString();
  const paragraphs = parseParagraphs(index);
  for (const paragraph of paragraphs) {
    const content = await get(`${http}/apt/${paragraph.get("Filename")}`);
    expect(digest(content)).toBe(paragraph.get("SHA256"));
    expect(content.length).toBe(Number(paragraph.get("Size")));
  }
  return paragraphs.map((paragraph) => `${paragraph.get("Package")} ${paragraph.get("Version")}`);
}

describeWith(["apt"], "the repository", () => {
  it("publishes what is added at once in few states, each of them whole", async () => {
    const { repository, http } = await serveRepository();
    const folder = await makeTempDir();
    const names = Array.from({ length: 12 }, (_, index) => `package-${String(index).padStart(2, "0")}`);
    const files = await Promise.all(names.map((name) => makePackage(folder, { name })));
    const before = repository.channel("main")?.generation.number ?? 0;
    await Promise.all(files.map((file) => repository.add(file, "main")));
    const after = repository.channel("main")?.generation.number ?? 0;
    expect(after - before).toBeLessThan(names.length);
    expect(await readWhole(http, "main")).toEqual(names.map((name) => `${name} 1.0`));
  });

  it("takes the same bytes as done, and other bytes under a version as a conflict", async () => {
    const { repository } = await serveRepository();
    const folder = await makeTempDir();
    const file = await makePackage(folder, { name: "hello" });
    const changed = await makePackage(folder, { name: "hello", files: { a: "changed" } });
    const [first, second, conflict] = await Promise.allSettled([
      repository.add(file, "main"),
      repository.add(file, "main"),
      repository.add(changed, "main"),
    ]);
    expect(second).toEqual(first);
    expect(conflict).toMatchObject({ status: "rejected", reason: { code: "CONFLICT" } });
    expect(await repository.add(file, "main")).toEqual((first as PromiseFulfilledResult<unknown>).value);
    await expect(repository.add(changed, "beta")).rejects.toMatchObject({ code: "CONFLICT" });
    expect((await repository.add(file, "beta")).channel).toBe("beta");
    expect((await repository.list()).map(({ channel }) => channel)).toEqual(["beta", "main"]);
  });

  it.each([
    ["a file that is no package", "text", { name: "hello" }],
    ["a name with a path in it", undefined, { name: "../hello" }],
    ["a version that is none", undefined, { name: "hello", version: "new" }],
    ["an architecture that is none", undefined, { name: "hello", architecture: "any" }],
    [
      "a control file that is too large",
      undefined,
      { name: "hello", fields: { Comment: "x".repeat(300_000) } },
    ],
  ])("refuses %s", async (_what, content, given) => {
    const { repository } = await serveRepository();
    const folder = await makeTempDir();
    let file = join(folder, "file.deb");
    if (content === undefined) file = await makePackage(folder, given);
    else await writeFile(file, content);
    await expect(repository.add(file, "main")).rejects.toMatchObject({ code: "INVALID" });
    expect(await repository.list()).toEqual([]);
  });

  it("refuses a channel that would be a path", async () => {
    const { repository } = await serveRepository();
    const file = await makePackage(await makeTempDir(), { name: "hello" });
    for (const channel of ["", "../main", "a/b", "A b", ".hidden"]) {
      await expect(repository.add(file, channel)).rejects.toMatchObject({ code: "INVALID" });
    }
  });

  it("prunes old versions by Debian's order; who has an older index still gets what it names", async () => {
    let now = new Date();
    const { repository, http, headers } = await serveRepository({ now: () => now });
    const folder = await makeTempDir();
    for (const version of ["1.9", "1.10", "1.10~rc1", "2:0.1"]) {
      await repository.add(await makePackage(folder, { name: "hello", version }), "main");
    }
    const index = `${http}/apt/dists/main/main/binary-amd64`;
    const old = await get(`${index}/Packages`);
    const prune = async (body: object) => {
      const answer = await fetch(`${http}/api/v1/deb/repository/prune`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return ((await answer.json()) as { items: RepositoryPackage[] }).items.map(({ version }) => version);
    };
    expect(await prune({ keep: 2, dryRun: true })).toEqual(["1.10~rc1", "1.9"]);
    expect(await prune({ keep: 2, channel: "beta" })).toEqual([]);
    expect(await prune({ keep: 2 })).toEqual(["1.10~rc1", "1.9"]);
    expect(await readWhole(http, "main")).toEqual(["hello 2:0.1", "hello 1.10"]);
    expect(await get(`${index}/by-hash/SHA256/${digest(old)}`)).toEqual(old);
    const paths = parseParagraphs(String(old)).map((paragraph) => `${http}/apt/${paragraph.get("Filename")}`);
    const statuses = async () => Promise.all(paths.map(async (path) => (await fetch(path)).status));
    expect(await statuses()).toEqual([200, 200, 200, 200]);
    now = new Date(now.getTime() + 2 * 3600_000);
    await repository.renew();
    expect(await statuses()).toEqual([200, 200, 404, 404]);
    expect((await fetch(`${index}/by-hash/SHA256/${digest(old)}`)).status).toBe(404);
    const audit = await fetch(`${http}/api/v1/audit?action=deb.repository.prune`, { headers });
    expect(await audit.json()).toMatchObject({
      items: [
        {
          actor: "admin",
          resource: "deb-channel:main",
          detail: { removed: ["hello 1.10~rc1 all", "hello 1.9 all"] },
        },
      ],
    });
  });

  it("shows anybody packages and key, and only those who may the rest", async () => {
    const { http, headers, repository } = await serveRepository();
    const api = `${http}/api/v1/deb/repository`;
    for (const path of ["packages", "key"]) expect((await fetch(`${api}/${path}`)).status).toBe(401);
    expect((await fetch(`${api}/prune`, ANONYMOUS_PRUNE)).status).toBe(401);
    const { fingerprint, armored } = await repository.key();
    expect(await (await fetch(`${api}/key`, { headers })).json()).toEqual({
      fingerprint,
      armored,
      url: `${http}/apt`,
    });
    expect(fingerprint).toMatch(/^[0-9A-F]{40}$/);
    expect(String(await get(`${http}/apt/key.asc`))).toBe(armored);
    expect((await fetch(`${http}/apt/dists/main/InRelease`)).status).toBe(200);
    for (const path of [
      "dists/none/InRelease",
      "dists/main/Contents",
      "pool/x/y",
      "dists/main/main/binary-x/Packages",
    ]) {
      expect((await fetch(`${http}/apt/${path}`)).status).toBe(404);
    }
  });

  it("is whole after kill -9 at any moment, with everything that was acknowledged", async () => {
    const folder = await makeTempDir();
    const dataDir = await makeTempDir();
    const files: string[] = [];
    for (let i = 0; i < 30; i++) files.push(await makePackage(folder, { name: "hello", version: `1.${i}` }));
    const acknowledged = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [ADDER, dataDir, ...files.slice(round * 7, round * 7 + 9)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      createInterface(child.stdout).on("line", (line) => acknowledged.add(line));
      await once(child.stdout, "data");
      await setTimeout(round * 12);
      child.kill("SIGKILL");
      await once(child, "close");
    }
    expect(acknowledged.size).toBeGreaterThan(3);
    const { http, repository } = await serveRepository({ dataDir });
    const whole = await readWhole(http, "main");
    expect(whole).toEqual((await repository.list()).map((item) => `${item.package} ${item.version}`));
    expect(whole).toEqual(expect.arrayContaining([...acknowledged]));
    expect((await stat(join(dataDir, "keys/repository.asc"))).mode & 0o777).toBe(0o600);
    expect(await readdir(join(dataDir, "keys"))).toEqual(["repository.asc", "signing.json"]);
  });
});

const ANONYMOUS_PRUNE = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ keep: 1 }),
};

const ADDER = new URL("../../helpers/add-packages.ts", import.meta.url).pathname;
