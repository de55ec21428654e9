import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAdapter } from "../../src/adapters/store/index.ts";
import type { Adapter, Capabilities, Capability } from "../../src/core/capabilities.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { type RunningServer, startServer } from "../../src/server/index.ts";
import { makeConnection } from "../helpers/adapter-connection.ts";
import { writeFiles } from "../helpers/plugin-folder.ts";
import { makeTempDir } from "../helpers/temp-dir.ts";

const PASSWORD = "correct horse battery staple";
const ENTRY = 'export function initialize() { return "hello"; }\nexport function dispose() {}\n';

let folder: string;
let server: RunningServer;
let socket: string;
let token: string;

const adapters: Adapter[] = [];

function connect(given: Partial<Parameters<typeof makeConnection>[0]> = {}) {
  const adapter = createAdapter(makeConnection({ url: server.http, token, ...given }));
  adapters.push(adapter);
  return <C extends Capability>(capability: C): Capabilities[C] => {
    const found: Capabilities[C] | undefined = adapter.can[capability];
    if (found === undefined) throw new Error(`no ${capability}`);
    return found;
  };
}

/** Signs in as the administrator and gives back the token that would be stored. */
async function signIn(url: string, caFile?: string): Promise<string> {
  const signedIn = await connect({ url, caFile, credential: async () => undefined })("session").login({
    login: "admin",
    password: PASSWORD,
    note: "test",
  });
  return signedIn.token;
}

async function makePlugin(name: string, version = "1.0.0", files: Record<string, string | object> = {}) {
  return writeFiles(await makeTempDir(), {
    "package.json": {
      name,
      version,
      description: `The ${name} plugin`,
      module: "dist/index.js",
      files: ["dist"],
    },
    "dist/index.js": ENTRY,
    "src/secret.ts": "not published",
    ...files,
  });
}

const publish = (source: string, more: object = {}, progress: (event: ProgressEvent) => void = () => {}) =>
  connect()("publication").publish({ source, provider: "acme", dryRun: false, ...more }, progress);

const failure = async (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("it succeeded"),
    (error) => error,
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
  socket = join(folder, "api.sock");
  const adminPasswordFile = join(folder, "password");
  await writeFile(adminPasswordFile, PASSWORD, { mode: 0o600 });
  server = await startServer({
    dataDir: join(folder, "data"),
    host: "127.0.0.1",
    port: 0,
    socket,
    adminPasswordFile,
    logLevel: "fatal",
    logFile: join(folder, "log"),
    version: "9.9.9",
  });
  token = await signIn(server.http);
  await connect()("administration").providers.create({ id: "acme" });
});

afterAll(async () => {
  await Promise.all(adapters.map((adapter) => adapter.close()));
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("signing in", () => {
  it("leaves a token of its own that knows its user and expires", async () => {
    expect(token).toMatch(/^plc_/);
    const who = await connect()("session").whoami();
    expect(who).toMatchObject({ login: "admin", roles: ["admin"] });
    expect(Date.parse(who.expiresAt ?? "")).toBeGreaterThan(Date.now() + 80 * 86_400_000);
  });

  it("refuses a wrong password without advising to sign in", async () => {
    const session = connect({ credential: async () => undefined })("session");
    const error = await failure(session.login({ login: "admin", password: "hunter2-hunter2", note: "x" }));
    expect(error).toMatchObject({ code: "UNAUTHENTICATED", hint: undefined });
    expect(error.message).not.toContain("hunter2");
  });

  it("revokes the token on sign-out, and takes a dead token for revoked", async () => {
    const other = await signIn(server.http);
    const session = connect()("session");
    expect((await session.whoami(other)).login).toBe("admin");
    await session.logout(other);
    expect(await failure(session.whoami(other))).toMatchObject({ code: "UNAUTHENTICATED" });
    await session.logout(other);
    expect((await session.whoami()).login).toBe("admin");
  });

  it("tells a refused credential from a missing one", async () => {
    const refused = await failure(connect({ token: "plc_nonsense" })("listing").list());
    expect(refused).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(refused.message).toContain("refuses the credential");
    expect(refused.message).not.toContain("nonsense");
    const missing = await failure(connect({ credential: async () => undefined })("listing").list());
    expect(missing).toMatchObject({ code: "UNAUTHENTICATED", hint: "plugctl login -t test" });
    expect(missing.message).toContain("asks for a credential");
  });
});

describe("health", () => {
  it("names product, version and user", async () => {
    expect(await connect()("health").check()).toEqual({
      product: "plugctl",
      version: "9.9.9",
      login: "admin",
    });
  });

  it("needs no credential, and then knows no user", async () => {
    const health = await connect({ credential: async () => undefined })("health").check();
    expect(health).toEqual({ product: "plugctl", version: null, login: null });
  });
});

describe("publishing", () => {
  it("publishes a folder: packs, uploads, verifies, and shows it everywhere", async () => {
    const progress: ProgressEvent[] = [];
    const source = await makePlugin("@acme/maps", "1.0.0", { "README.md": "maps", "dist/style.css": "a{}" });
    const result = await publish(source, {}, (event) => progress.push(event));
    expect(result).toMatchObject({
      name: "@acme/maps",
      version: "1.0.0",
      status: "published",
      provider: "acme",
      channel: "latest",
      files: 4,
      entryUrl: `${server.http}/cdn/@acme/maps/1.0.0/dist/index.js`,
    });
    expect(new Set(progress.map(({ phase }) => phase))).toEqual(
      new Set(["packing", "uploading", "verifying"]),
    );
    const sent = progress.filter(({ phase }) => phase === "uploading").at(-1);
    expect(sent?.done).toBe(sent?.total);
    const served = await (await fetch(result.entryUrl)).text();
    expect(served).toBe(ENTRY);
    expect(result.integrity).toBe(`sha384-${createHash("sha384").update(ENTRY).digest("base64")}`);

    const listed = (await connect()("listing").list()).find(({ name }) => name === "@acme/maps");
    expect(listed).toMatchObject({ version: "1.0.0", state: "available", nativeState: "available" });
    expect(await connect()("catalogue").search({ text: "ACME maps" })).toMatchObject([
      { name: "@acme/maps" },
    ]);
    expect(await connect()("catalogue").search({ text: "nowhere to be found" })).toEqual([]);
    expect(await connect()("inspection").info({ name: "@acme/maps" })).toMatchObject({
      kind: "store",
      version: "1.0.0",
      provider: "acme",
      description: "The @acme/maps plugin",
      entryUrl: result.entryUrl,
    });
    expect(await connect()("inspection").info({ name: "@acme/maps", version: "1.0.0" })).toMatchObject({
      kind: "store",
      version: "1.0.0",
      state: "available",
      files: 4,
      treeSha256: result.treeSha256,
      exports: ["dispose", "initialize"],
    });
    expect(await connect()("discovery").discover("main")).toContainEqual(
      expect.objectContaining({ pluginId: "@acme/maps", version: "1.0.0", pluginUrl: result.entryUrl }),
    );
  });

  it("takes what npm pack made, and finds it to be the same content as the folder", async () => {
    const source = await makePlugin("from-npm", "1.0.0", { LICENSE: "MIT" });
    await promisify(execFile)("npm", ["pack", "--ignore-scripts"], { cwd: source });
    const fromTarball = await publish(join(source, "from-npm-1.0.0.tgz"));
    expect(fromTarball.status).toBe("published");
    const fromFolder = await publish(source);
    expect(fromFolder).toMatchObject({ status: "unchanged", treeSha256: fromTarball.treeSha256 });
  });

  it("takes an uncompressed tar", async () => {
    const source = await makePlugin("plain-tar");
    const tar = join(await makeTempDir(), "plain.tar");
    await promisify(execFile)("tar", ["-cf", tar, "-C", source, "package.json", "dist"]);
    expect(await publish(tar)).toMatchObject({ name: "plain-tar", status: "published", files: 2 });
  });

  it("refuses other content under a published version", async () => {
    const source = await makePlugin("fixed");
    await publish(source);
    await writeFiles(source, { "dist/index.js": `${ENTRY}// changed\n` });
    const error = await failure(publish(source));
    expect(error).toMatchObject({ code: "CONFLICT", details: { status: 409, code: "version_exists" } });
  });

  it("changes nothing in a dry run", async () => {
    const result = await publish(await makePlugin("trial"), { dryRun: true });
    expect(result).toMatchObject({ status: "dry-run", version: "1.0.0" });
    expect(await failure(connect()("inspection").info({ name: "trial" }))).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("points the channel that was asked for at the version, and lists versions newest first", async () => {
    await publish(await makePlugin("many", "1.0.0"));
    expect(await publish(await makePlugin("many", "2.0.0-beta.1"), { channel: "beta" })).toMatchObject({
      channel: "beta",
    });
    await publish(await makePlugin("many", "1.10.0"));
    const versions = await connect()("publication").versions("many");
    expect(versions.map(({ version }) => version)).toEqual(["2.0.0-beta.1", "1.10.0", "1.0.0"]);
    expect(versions[0]).toMatchObject({ name: "many", state: "published", channels: ["beta"], files: 2 });
    expect(versions[1]?.channels).toEqual(["latest"]);
  });

  it("passes on each fault that the store finds in a manifest", async () => {
    const source = await makePlugin("x");
    await writeFiles(source, {
      "package.json": { name: "Bad Name", version: "v1", module: "dist/index.js" },
    });
    const error = await failure(publish(source));
    expect(error.code).toBe("INVALID");
    expect(error.details.errors.map(({ path }: { path: string }) => path)).toEqual(["name", "version"]);
  });

  it("says before the upload that the build is missing", async () => {
    const source = await makePlugin("unbuilt");
    await writeFiles(source, {
      "package.json": { name: "unbuilt", version: "1.0.0", module: "lib/main.js", scripts: { build: "x" } },
      "vite.config.js": ENTRY,
    });
    const error = await failure(publish(source));
    expect(error).toMatchObject({ code: "INVALID" });
    expect(error.message).toContain("lib/main.js");
    expect(error.hint).toContain("npm run build");
  });

  it("is forbidden without the permission", async () => {
    const { users, tokens } = connect()("administration");
    await users.create({ login: "reader", password: "a long enough password", roles: [{ role: "viewer" }] });
    const reader = await tokens.create({ user: "reader", scopes: ["read"] });
    const on = connect({ token: reader.token });
    const source = await makePlugin("not-theirs");
    const request = { source, provider: "acme", dryRun: false };
    expect(await failure(on("publication").publish(request, () => {}))).toMatchObject({ code: "FORBIDDEN" });
    expect((await on("health").check()).login).toBe("reader");
  });

  it("shows the store's own answer when it refuses an archive before having read it", async () => {
    const source = await makePlugin("huge", "1.0.0", { "dist/noise.bin": randomBytes(33 * 1024 * 1024) });
    const error = await failure(publish(source));
    expect(error).toMatchObject({ code: "INVALID", details: { status: 413, code: "archive_too_large" } });
  });

  it("leaves nothing behind when it is interrupted in the middle", async () => {
    const run = new AbortController();
    const reason = new Error("interrupted");
    const source = await makePlugin("broken-off", "1.0.0", { "dist/noise.bin": randomBytes(8_000_000) });
    const before = (await readdir(tmpdir())).filter((name) => /^plugctl-[0-9a-f]{8}-/.test(name));
    const on = connect({ signal: run.signal });
    const request = { source, provider: "acme", dryRun: false };
    const error = await failure(
      on("publication").publish(request, ({ phase, done = 0 }) => {
        if (phase === "uploading" && done > 0) run.abort(reason);
      }),
    );
    expect(error).toBe(reason);
    const after = (await readdir(tmpdir())).filter((name) => /^plugctl-[0-9a-f]{8}-/.test(name));
    expect(after).toEqual(before);
    expect(await failure(connect()("inspection").info({ name: "broken-off" }))).toMatchObject({
      code: "NOT_FOUND",
    });
  });
});

describe("removing", () => {
  it("takes a version out of discovery and keeps its files", async () => {
    await publish(await makePlugin("gone", "1.0.0"));
    const { entryUrl } = await publish(await makePlugin("gone", "1.1.0"));
    const removal = connect()("removal");
    const request = { name: "gone", version: "1.1.0", purge: false, dryRun: true };
    expect(await removal.remove(request)).toEqual([{ name: "gone", version: "1.1.0", state: "yanked" }]);
    expect((await connect()("inspection").info({ name: "gone" })).version).toBe("1.1.0");
    expect(await removal.remove({ ...request, dryRun: false, reason: "broken" })).toHaveLength(1);
    expect((await connect()("inspection").info({ name: "gone" })).version).toBe("1.0.0");
    expect((await fetch(entryUrl)).status).toBe(200);
    expect(await removal.remove({ ...request, dryRun: false })).toEqual([]);
  });

  it("takes every version when none is named", async () => {
    await publish(await makePlugin("all-gone", "1.0.0"));
    await publish(await makePlugin("all-gone", "1.1.0"));
    const removed = await connect()("removal").remove({ name: "all-gone", purge: false, dryRun: false });
    expect(removed.map(({ version }) => version)).toEqual(["1.1.0", "1.0.0"]);
    expect(await connect()("inspection").info({ name: "all-gone" })).toMatchObject({
      version: null,
      state: "inactive",
      nativeState: "withdrawn",
    });
    const found = await connect()("discovery").discover("main");
    expect(found.map(({ pluginId }) => pluginId)).not.toContain("all-gone");
  });

  it("purges what discovery returned, files and all, and never takes the number again", async () => {
    const source = await makePlugin("purged", "1.0.0");
    const { entryUrl } = await publish(source);
    const request = { name: "purged", purge: true, dryRun: false };
    expect(await connect()("removal").remove({ ...request, dryRun: true })).toHaveLength(1);
    expect((await fetch(entryUrl)).status).toBe(200);
    expect(await connect()("removal").remove(request)).toEqual([
      { name: "purged", version: "1.0.0", state: "purged" },
    ]);
    expect((await fetch(entryUrl)).status).toBe(410);
    expect(await failure(publish(source))).toMatchObject({ code: "CONFLICT" });
    expect(await connect()("removal").remove(request)).toEqual([]);
  });

  it("says so when there is no such plugin or version", async () => {
    const removal = connect()("removal");
    const request = { name: "@nobody/nothing", purge: false, dryRun: false };
    expect(await failure(removal.remove(request))).toMatchObject({ code: "NOT_FOUND" });
    expect(await failure(removal.remove({ ...request, version: "1.0.0" }))).toMatchObject({
      code: "NOT_FOUND",
    });
  });
});

describe("other ways to the server", () => {
  it("goes through a Unix socket", async () => {
    const on = connect({ url: `unix://${socket}` });
    expect((await on("health").check()).login).toBe("admin");
    const source = await makePlugin("through-socket");
    const request = { source, provider: "acme", dryRun: false };
    expect(await on("publication").publish(request, () => {})).toMatchObject({ status: "published" });
  });

  it("trusts a self-signed certificate when told to, and only then", async () => {
    const dataDir = join(await makeTempDir(), "data");
    const adminPasswordFile = join(folder, "password");
    const secure = await startServer({
      dataDir,
      host: "127.0.0.1",
      port: 0,
      tls: "self-signed",
      adminPasswordFile,
      logLevel: "fatal",
      logFile: join(dataDir, "..", "log"),
      version: "9.9.9",
    });
    try {
      const caFile = secure.targets[0]?.caFile;
      expect(secure.http).toMatch(/^https:/);
      const secureToken = await signIn(secure.http, caFile);
      const on = connect({ url: secure.http, caFile, token: secureToken });
      expect((await on("health").check()).login).toBe("admin");
      const error = await failure(connect({ url: secure.http })("listing").list());
      expect(error).toMatchObject({ code: "UNAVAILABLE" });
      expect(error.message).toContain("unknown authority");
      expect(error.hint).toContain("--ca");
    } finally {
      await secure.stop();
    }
  });

  it("says where nothing listens", async () => {
    const gone = connect({ url: `unix://${join(folder, "no.sock")}` });
    const error = await failure(gone("listing").list());
    expect(error).toMatchObject({ code: "UNAVAILABLE" });
    expect(error.message).toContain("no.sock");
    expect(error.hint).toContain("plugctl serve");
  });
});
