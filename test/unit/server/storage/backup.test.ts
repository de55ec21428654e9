import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract, type Header, pack } from "tar-stream";
import { describe, expect, it } from "vitest";
import { createBackup } from "../../../../src/server/storage/backup.ts";
import { restoreBackup } from "../../../../src/server/storage/restore.ts";
import { type FrameSettings, makeApp, makeFrame } from "../../../helpers/server-context.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

interface Member {
  header: Partial<Header> & { name: string };
  content: Buffer;
}

async function* source(text: string) {
  yield Buffer.from(text);
}

async function readTar(file: string): Promise<Member[]> {
  const members: Member[] = [];
  const archive = extract();
  const reading = (async () => {
    for await (const entry of archive) members.push({ header: entry.header, content: await readAll(entry) });
  })();
  await Promise.all([pipeline(createReadStream(file), archive), reading]);
  return members;
}

async function readAll(entry: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of entry) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function writeTar(file: string, members: Member[]): Promise<void> {
  const archive = pack();
  for (const { header, content } of members) {
    archive.entry(header.type === "file" ? { ...header, size: content.length } : header, content);
  }
  archive.finalize();
  await pipeline(archive, createWriteStream(file));
}

async function makeBackup(settings?: FrameSettings) {
  const frame = await makeFrame(settings);
  const { blobs, dataDir, audit } = frame.context;
  const stored = [];
  for (let i = 0; i < 5; i++) stored.push(await blobs.put(source(`content ${i}`)));
  await audit.record({
    actor: null,
    action: "test",
    resource: "x",
    outcome: "ok",
    ip: null,
    requestId: null,
  });
  const directory = await makeTempDir();
  const file = join(directory, "backup.tar");
  await pipeline(
    createBackup({ dataDir, blobs, version: "1.2.3", now: new Date() }),
    createWriteStream(file),
  );
  return { frame, stored, directory, file, target: join(directory, "restored") };
}

describe("a backup", () => {
  it("brings the key of the APT repository back, which hosts trust", async () => {
    const dataDir = await makeTempDir();
    await mkdir(join(dataDir, "keys"));
    await writeFile(join(dataDir, "keys/repository.asc"), "secret");
    const { file, target } = await makeBackup({ dataDir });
    await restoreBackup(file, target);
    expect(await readFile(join(target, "keys/repository.asc"), "utf8")).toBe("secret");
    expect((await stat(join(target, "keys/repository.asc"))).mode & 0o777).toBe(0o600);
  });

  it("restored gives the same server: rows, blobs, keys, and nothing readable by others", async () => {
    const { frame, stored, file, target } = await makeBackup();
    const token = await frame.keys.sign({ sub: "u", sid: "s" });
    await restoreBackup(file, target);
    const restored = await makeFrame({ dataDir: target });
    expect(await restored.context.audit.query({ limit: 10 })).toEqual(
      await frame.context.audit.query({ limit: 10 }),
    );
    for (const [i, blob] of stored.entries()) {
      expect(String(await restored.context.blobs.read(blob.sha256))).toBe(`content ${i}`);
    }
    await expect(restored.keys.verify(token)).resolves.toMatchObject({ sub: "u" });
    expect((await stat(target)).mode & 0o777).toBe(0o700);
    expect((await stat(join(target, "keys/signing.json"))).mode & 0o777).toBe(0o600);
  });

  it("has a manifest first that names every member", async () => {
    const { file, stored } = await makeBackup();
    const [first, ...members] = await readTar(file);
    expect(first?.header.name).toBe("manifest.json");
    const manifest = JSON.parse(String(first?.content));
    expect(manifest).toMatchObject({ format: "plugctl-backup-1", version: "1.2.3" });
    expect(manifest.members.map((member: { path: string }) => member.path)).toEqual(
      members.map((member) => member.header.name),
    );
    expect(members).toHaveLength(2 + stored.length);
  });

  it("is of one moment while the server goes on writing and deleting", async () => {
    const { frame, stored, directory } = await makeBackup();
    const { blobs, dataDir, audit } = frame.context;
    let stop = false;
    const writer = (async () => {
      for (let i = 0; !stop; i++) {
        await blobs.put(source(`later ${i}`));
        await audit.record({
          actor: null,
          action: `later.${i}`,
          resource: "x",
          outcome: "ok",
          ip: null,
          requestId: null,
        });
      }
    })();
    const bytes = createBackup({ dataDir, blobs, version: "1.2.3", now: new Date() });
    const first = await bytes[Symbol.asyncIterator]().next();
    expect(first.done).toBe(false);
    await pipeline(createBackup({ dataDir, blobs, version: "1.2.3", now: new Date() }), async (stream) => {
      for (const blob of stored) await blobs.delete(blob.sha256);
      await writeFile(join(directory, "busy.tar"), await buffer(stream));
    });
    stop = true;
    await writer;
    await restoreBackup(join(directory, "busy.tar"), join(directory, "busy"));
    const restored = await makeFrame({ dataDir: join(directory, "busy") });
    expect(await restored.context.audit.verify()).toMatchObject({ ok: true });
    for (const blob of stored) expect(await restored.context.blobs.size(blob.sha256)).toBe(blob.size);
  });

  it("that its reader abandons leaves no temporary file and lets deletions go on", async () => {
    const { frame, stored } = await makeBackup();
    const { blobs, dataDir } = frame.context;
    const archive = createBackup({ dataDir, blobs, version: "1.2.3", now: new Date() });
    await archive[Symbol.asyncIterator]().next();
    archive.destroy();
    await expect.poll(() => readdir(join(dataDir, "tmp"))).toEqual([]);
    const sha256 = stored[0]?.sha256 ?? "";
    await blobs.delete(sha256);
    await expect.poll(() => blobs.size(sha256)).toBeUndefined();
  });

  it("is streamed to administrators only, and audited", async () => {
    const { app, admin, frame } = await makeApp();
    expect((await app.inject({ url: "/api/v1/server/backup" })).statusCode).toBe(401);
    const answer = await app.inject({ url: "/api/v1/server/backup", headers: admin.headers });
    expect(answer.headers["content-type"]).toBe("application/x-tar");
    const directory = await makeTempDir();
    await writeFile(join(directory, "b.tar"), answer.rawPayload);
    await restoreBackup(join(directory, "b.tar"), join(directory, "restored"));
    expect(await frame.context.audit.query({ action: "server.backup", limit: 5 })).toHaveLength(1);
  });
});

describe("restoring", () => {
  it("goes into an empty directory and refuses one that is not", async () => {
    const { file, directory, target } = await makeBackup();
    await mkdir(target);
    await restoreBackup(file, target);
    await expect(restoreBackup(file, target)).rejects.toMatchObject({ code: "CONFLICT" });
    await restoreBackup(file, join(directory, "not", "yet", "there"));
  });

  const damage: [string, (members: Member[]) => Member[]][] = [
    [
      "a changed byte in a blob",
      (members) => members.with(-1, { ...last(members), content: Buffer.from("Content 4") }),
    ],
    [
      "a longer blob",
      (members) => members.with(-1, { ...last(members), content: Buffer.from("content 4 and more") }),
    ],
    ["a missing blob", (members) => members.slice(0, -1)],
    ["a blob twice", (members) => [...members, last(members)]],
    ["a changed database", (members) => members.with(1, flipped(members[1]))],
    ["no manifest", (members) => members.slice(1)],
    ["no database", (members) => without(members, "plugctl.db")],
    ["nothing in it", () => []],
    ["a member that leads outside", (members) => renamed(members, "../escaped")],
    ["a member of another name", (members) => renamed(members, "plugctl.db-wal")],
    [
      "an extra file",
      (members) => [...members, { header: { name: "x", type: "file" }, content: Buffer.from("x") }],
    ],
    [
      "a symbolic link",
      (members) => [
        ...members,
        { header: { name: "x", type: "symlink", linkname: "/etc/passwd" }, content: Buffer.alloc(0) },
      ],
    ],
    [
      "a manifest of another format",
      (members) => members.with(0, { ...first(members), content: Buffer.from('{"format":"x"}') }),
    ],
    [
      "a manifest that is no JSON",
      (members) => members.with(0, { ...first(members), content: Buffer.from("{") }),
    ],
  ];

  it.each(damage)("refuses an archive with %s and leaves nothing behind", async (_what, change) => {
    const { file, directory, target } = await makeBackup();
    const bad = join(directory, "bad.tar");
    await writeTar(bad, change(await readTar(file)));
    await expect(restoreBackup(bad, target)).rejects.toMatchObject({ code: "VERIFICATION" });
    expect((await readdir(directory)).toSorted()).toEqual(["backup.tar", "bad.tar"]);
  });

  it.each([
    ["cut off", (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length * 0.7))],
    ["cut off between members", (bytes: Buffer) => bytes.subarray(0, 4096)],
    ["no tar", () => Buffer.from("PK\u0003\u0004 something else entirely")],
    ["empty", () => Buffer.alloc(0)],
  ])("refuses a file that is %s", async (_what, change) => {
    const { file, directory, target } = await makeBackup();
    const bad = join(directory, "bad.tar");
    await writeFile(bad, change(await readFile(file)));
    await expect(restoreBackup(bad, target)).rejects.toMatchObject({ code: "VERIFICATION" });
    expect(await readdir(directory)).not.toContain("restored");
    expect((await readdir(directory)).filter((name) => name.includes("restore"))).toEqual([]);
  });

  it("says plainly that the file is not there", async () => {
    const directory = await makeTempDir();
    await expect(restoreBackup(join(directory, "no.tar"), join(directory, "x"))).rejects.toMatchObject({
      code: "ENOENT",
    });
    expect(await readdir(directory)).toEqual([]);
  });
});

function first(members: Member[]): Member {
  const [member] = members;
  if (!member) throw new Error("no member");
  return member;
}
const last = (members: Member[]) => first(members.slice(-1));

function flipped(member: Member | undefined): Member {
  if (!member) throw new Error("no member");
  const content = Buffer.from(member.content);
  content.writeUInt8(content.readUInt8(5000) ^ 1, 5000);
  return { ...member, content };
}

/** Without a member, in the manifest neither. */
function without(members: Member[], path: string): Member[] {
  const manifest = JSON.parse(String(first(members).content));
  manifest.members = manifest.members.filter((member: { path: string }) => member.path !== path);
  const content = Buffer.from(JSON.stringify(manifest));
  return [
    { ...first(members), content },
    ...members.slice(1).filter((member) => member.header.name !== path),
  ];
}

/** With the last member under another name, in the manifest too. */
function renamed(members: Member[], path: string): Member[] {
  const manifest = JSON.parse(String(first(members).content));
  manifest.members.at(-1).path = path;
  const content = Buffer.from(JSON.stringify(manifest));
  const moved = { ...last(members), header: { ...last(members).header, name: path } };
  return [{ ...first(members), content }, ...members.slice(1, -1), moved];
}
