import { createHash, randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import { expect, it } from "vitest";
import { BuiltServer } from "../helpers/built-plugctl.ts";
import { makeTempDir } from "../helpers/temp-dir.ts";

const ROUNDS = 50;
const PUBLISHERS = 4;

interface Release {
  plugin: string;
  version: string;
  /** Path → content. */
  files: Record<string, string>;
}

/** A release whose content nobody can guess, so that bytes which come back were stored. */
function makeRelease(number: number): Release {
  const files = Object.fromEntries(
    Array.from({ length: 1 + (number % 4) }, (_, index) => [
      index === 0 ? "index.js" : `assets/${index}.js`,
      `export const secret = "${randomBytes(64 << (number % 6)).toString("hex")}";`,
    ]),
  );
  return { plugin: `plugin-${number % 7}`, version: `1.${number}.0`, files };
}

async function archive({ plugin, version, files }: Release): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: "package/package.json" }, JSON.stringify({ name: plugin, version, module: "index.js" }));
  for (const [path, content] of Object.entries(files)) tar.entry({ name: `package/${path}` }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar.pipe(createGzip())) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Publishes until the server dies; the releases that got their 201 are added to `acknowledged`. */
async function publishUntilDeath(
  server: BuiltServer,
  next: () => number,
  acknowledged: Map<string, Release>,
): Promise<void> {
  for (;;) {
    const release = makeRelease(next());
    try {
      const response = await fetch(`${server.http}/api/v1/publish`, {
        method: "POST",
        headers: { authorization: `Bearer ${server.token}`, "content-type": "application/gzip" },
        body: new Uint8Array(await archive(release)),
      });
      const body = await response.text();
      expect(response.status, body).toBe(201);
      acknowledged.set(`${release.plugin}@${release.version}`, release);
    } catch (error) {
      if (error instanceof TypeError) return;
      throw error;
    }
  }
}

interface StoredFile {
  path: string;
  sha256: string;
}

/** Every version that the store lists is whole: each of its files is there with the digest that the store names. */
async function checkWhole(
  server: BuiltServer,
  versions: Iterable<string>,
): Promise<Map<string, Map<string, string>>> {
  const contents = new Map<string, Map<string, string>>();
  for (const id of versions) {
    const [plugin, version] = id.split("@");
    const url = `${server.http}/api/v1/plugins/${plugin}/versions/${version}`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${server.token}` } });
    expect(response.status, `${id} is there`).toBe(200);
    const { files } = (await response.json()) as { files: StoredFile[] };
    expect(files.length).toBeGreaterThan(0);
    const served = new Map<string, string>();
    // The manifest is kept, and not served.
    for (const file of files.filter(({ path }) => path !== "package.json")) {
      const answer = await fetch(`${server.http}/cdn/${plugin}/${version}/${file.path}`);
      expect(answer.status, `${id}/${file.path} is there`).toBe(200);
      const content = await answer.text();
      expect(createHash("sha256").update(content).digest("hex"), `${id}/${file.path} is whole`).toBe(
        file.sha256,
      );
      served.set(file.path, content);
    }
    contents.set(id, served);
  }
  return contents;
}

async function listedVersions(server: BuiltServer): Promise<string[]> {
  const headers = { authorization: `Bearer ${server.token}` };
  const list = async <T>(path: string) => {
    const response = await fetch(`${server.http}/api/v1/${path}`, { headers });
    expect(response.status).toBe(200);
    return ((await response.json()) as { items: T[] }).items;
  };
  const plugins = await list<{ id: string }>("plugins");
  const versions = await Promise.all(
    plugins.map(async ({ id }) =>
      (await list<{ version: string }>(`plugins/${id}/versions`)).map(({ version }) => `${id}@${version}`),
    ),
  );
  return versions.flat();
}

it(`keeps every acknowledged publish whole, and no other half, through ${ROUNDS} kills at random moments`, async () => {
  const folder = await makeTempDir();
  const acknowledged = new Map<string, Release>();
  let number = 0;
  const next = () => {
    number += 1;
    return number;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const server = await BuiltServer.start({ folder });
    const before = new Set(acknowledged.keys());
    const publishers = Array.from({ length: PUBLISHERS }, () =>
      publishUntilDeath(server, next, acknowledged),
    );
    await setTimeout(Math.random() * 400);
    await server.end("SIGKILL");
    await Promise.all(publishers);
    if (round % 10 !== 9) continue;
    const survivor = await BuiltServer.start({ folder });
    await checkWhole(
      survivor,
      [...acknowledged.keys()].filter((id) => !before.has(id)),
    );
    await survivor.end("SIGKILL");
  }
  const server = await BuiltServer.start({ folder });
  const listed = await listedVersions(server);
  const contents = await checkWhole(server, listed);
  for (const [id, { files }] of acknowledged) {
    const served = contents.get(id);
    expect(served, `${id} was acknowledged`).toBeDefined();
    for (const [path, content] of Object.entries(files)) expect(served?.get(path)).toBe(content);
  }
  // The test would prove nothing if the server had died before it answered anybody.
  expect(acknowledged.size).toBeGreaterThan(ROUNDS);
  expect(await server.end("SIGTERM")).toBe(0);
}, 600_000);
