import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createAdapter } from "../../src/adapters/store/index.ts";
import { type RunningServer, startServer } from "../../src/server/index.ts";
import { makeConnection } from "../helpers/adapter-connection.ts";
import { type Cli, makeCli } from "../helpers/run-cli.ts";

const PASSWORD = "correct horse battery staple";

let folder: string;
let server: RunningServer;
let cli: Cli;

const start = (dataDir: string) =>
  startServer({
    dataDir,
    host: "127.0.0.1",
    port: 0,
    adminPasswordFile: join(folder, "password"),
    logLevel: "fatal",
    logFile: join(folder, "log"),
    version: "9.9.9",
  });

/** A command line that is signed in to a server. */
async function signIn(url: string, login = "admin", password = PASSWORD): Promise<Cli> {
  const own = await makeCli(await mkdtemp(join(folder, "home-")));
  expect(await own(["target", "add", "work", "--kind", "store", "--url", url])).toMatchObject({ code: 0 });
  const signedIn = await own(`login -u ${login} --password-stdin`, { stdin: password });
  expect(signedIn, signedIn.stderr).toMatchObject({ code: 0 });
  return own;
}

async function json(line: string | readonly string[], as: Cli = cli) {
  const words = typeof line === "string" ? line.split(" ") : line;
  const { code, stdout, stderr } = await as([...words, "-o", "json"]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

/** A name that no other test of this file uses. */
const fresh = (prefix: string) => `${prefix}-${randomBytes(4).toString("hex")}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
  await writeFile(join(folder, "password"), PASSWORD, { mode: 0o600 });
  server = await start(join(folder, "data"));
  cli = await signIn(server.http);
});

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("plugctl user", () => {
  it("adds a user who can sign in with the piped password", async () => {
    const login = fresh("ada");
    const added = await cli(
      ["user", "add", login, "--name", "Ada L.", "--role", "viewer", "--password-stdin"],
      {
        stdin: "a long password, Ü\n",
      },
    );
    expect(added, added.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`added user ${login}`),
    });
    expect(await json(`user show ${login}`)).toMatchObject({
      login,
      name: "Ada L.",
      state: "active",
      roles: [{ role: "viewer", provider: null }],
    });
    const own = await signIn(server.http, login, "a long password, Ü");
    expect((await own("user list")).code).toBe(4);
  });

  it("adds a user without a role, who learns at sign-in that somebody has to give one", async () => {
    const login = fresh("idle");
    await cli(["user", "add", login, "--password-stdin"], { stdin: PASSWORD });
    const own = await makeCli(await mkdtemp(join(folder, "home-")));
    await own(["target", "add", "work", "--kind", "store", "--url", server.http]);
    const refused = await own(`login -u ${login} --password-stdin`, { stdin: PASSWORD });
    expect(refused).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(`plugctl user grant ${login} ROLE`),
    });
  });

  it("prints a generated password alone with -q, and it works", async () => {
    const login = fresh("gen");
    const added = await cli(`user add ${login} --role viewer --generate-password -q`);
    expect(added).toMatchObject({ code: 0, stderr: "" });
    expect(added.stdout).toMatch(/^[2-9A-Za-z]{24}\n$/);
    await signIn(server.http, login, added.stdout.trim());
  });

  it("refuses to ask for a password without a terminal, naming the flags", async () => {
    const asked = await cli(`user add ${fresh("nobody")}`);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain("--password-stdin or --generate-password");
  });

  it("shows roles as words in a pipe and as objects in JSON", async () => {
    const login = fresh("roles");
    const provider = fresh("prov");
    await json(`provider add ${provider}`);
    await json(`user add ${login} --role viewer,provider-owner@${provider} --generate-password`);
    const { stdout } = await cli("user list");
    expect(stdout.split("\n").find((line) => line.startsWith(login))).toContain(`provider-owner@${provider}`);
    const listed = await json("user list");
    expect(listed.find((user: { login: string }) => user.login === login).roles).toContainEqual({
      role: "provider-owner",
      provider,
    });
    expect((await cli("user list -o name")).stdout.split("\n")).toContain(login);
  });

  it("grants and revokes a role in a provider", async () => {
    const [login, provider] = [fresh("grant"), fresh("prov")];
    await json(`provider add ${provider}`);
    await json(`user add ${login} --generate-password`);
    const granted = await json(`user grant ${login} provider-developer --provider ${provider}`);
    expect(granted.roles).toEqual([{ role: "provider-developer", provider }]);
    expect((await json(`user revoke ${login} provider-developer --provider ${provider}`)).roles).toEqual([]);
    expect((await cli(`user grant ${login} no-such-role`)).code).toBe(3);
  });

  it("locks a disabled user out until enabled again, and asks before", async () => {
    const login = fresh("lock");
    const { stdout: password } = await cli(`user add ${login} --role viewer --generate-password -q`);
    const own = await signIn(server.http, login, password.trim());
    expect((await cli(`user disable ${login}`)).code).toBe(2);
    expect((await own("role list")).code).toBe(0);
    expect((await cli(`user disable ${login} -y`)).code).toBe(0);
    expect((await own("role list")).code).toBe(4);
    expect((await cli(`user enable ${login}`)).code).toBe(0);
    expect((await own("role list")).code).toBe(0);
  });

  it("sets a new password, which the old one does not survive", async () => {
    const login = fresh("pw");
    const { stdout: old } = await cli(`user add ${login} --role viewer --generate-password -q`);
    const set = await cli(`user passwd ${login} --password-stdin`, { stdin: "another long password" });
    expect(set, set.stderr).toMatchObject({ code: 0 });
    const own = await signIn(server.http, login, "another long password");
    expect((await own(`login -u ${login} --password-stdin`, { stdin: old })).code).toBe(4);
  });

  it("changes one's own password with the present one, and with no other", async () => {
    const login = fresh("self");
    const { stdout: present } = await cli(`user add ${login} --role viewer --generate-password -q`);
    const adapter = createAdapter(makeConnection({ url: server.http }));
    onTestFinished(() => adapter.close());
    const change = (given: string) =>
      adapter.can.administration?.users.changeOwnPassword(login, {
        present: given,
        wanted: "wanted password",
      });
    await expect(change("not the password")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await change(present.trim());
    await signIn(server.http, login, "wanted password");
  });

  it("tells a user without the right how to change their own password", async () => {
    const login = fresh("own");
    const { stdout: password } = await cli(`user add ${login} --role viewer --generate-password -q`);
    const own = await signIn(server.http, login, password.trim());
    const refused = await own(`user passwd ${login} --password-stdin`, { stdin: "another long password" });
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain("present password");
    expect(refused.stderr).not.toContain("another long");
  });

  it("removes a user; one that is gone is an error only without --ignore-not-found", async () => {
    const login = fresh("gone");
    await json(`user add ${login} --generate-password`);
    expect(await json(`user remove ${login} -y`)).toEqual({ login, changed: true });
    expect((await cli(`user rm ${login} -y`)).code).toBe(3);
    expect(await json(`user rm ${login} -y --ignore-not-found`)).toEqual({ login, changed: false });
  });

  it("renames, and takes the name away when it is empty", async () => {
    const login = fresh("name");
    await json(`user add ${login} --generate-password`);
    expect((await json(["user", "update", login, "--name", "N. N."])).name).toBe("N. N.");
    expect((await json(["user", "update", login, "--name", ""])).name).toBeNull();
  });
});

describe("plugctl role and provider", () => {
  it("creates, changes and removes a role", async () => {
    const id = fresh("role");
    expect(await json(`role create ${id} --permission read,publish`)).toMatchObject({
      id,
      permissions: ["read", "publish"],
      builtIn: false,
    });
    expect((await json(`role update ${id} --permission read`)).permissions).toEqual(["read"]);
    expect((await cli(`role update ${id}`)).code).toBe(2);
    expect((await json("role list")).map((role: { id: string }) => role.id)).toContain(id);
    expect((await cli(`role remove ${id} -y`)).code).toBe(0);
    expect((await cli(`role show ${id}`)).code).toBe(3);
  });

  it("refuses to change a built-in role and an unknown permission", async () => {
    expect((await cli("role update admin --permission read")).code).toBe(5);
    const refused = await cli(`role create ${fresh("role")} --permission fly`);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('"fly" is none of read, publish');
  });

  it("adds, renames and removes a provider", async () => {
    const id = fresh("prov");
    expect(await json(["provider", "add", id, "--name", "Acme Maps"])).toMatchObject({
      id,
      name: "Acme Maps",
    });
    expect((await cli(`provider add ${id}`)).code).toBe(5);
    expect((await json(["provider", "update", id, "--name", "Acme"])).name).toBe("Acme");
    expect((await json(`provider show ${id}`)).name).toBe("Acme");
    expect(await json(`provider remove ${id} -y`)).toEqual({ id, changed: true });
  });
});

describe("plugctl token", () => {
  it("prints the token alone with -q and with -o name, and it works as a credential", async () => {
    for (const words of ["-q", "-o name"]) {
      const { code, stdout } = await cli(`token create --scope read ${words}`);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^plc_\S+\n$/);
      const other = await makeCli();
      await other(["target", "add", "work", "--kind", "store", "--url", server.http]);
      const listed = await other("role list", { env: { PLUGCTL_TOKEN: stdout.trim() } });
      expect(listed, listed.stderr).toMatchObject({ code: 0 });
    }
  });

  it("narrows it to providers and plugins, with an end, and lists it without the secret", async () => {
    const provider = fresh("prov");
    await json(`provider add ${provider}`);
    const issued = await json(
      `token create --scope publish --provider ${provider} --plugin maps-* --expires 30d --note ci`,
    );
    expect(issued).toMatchObject({
      scopes: ["publish"],
      resources: [`provider:${provider}`, "plugin:maps-*"],
      note: "ci",
      state: "active",
    });
    const days = (Date.parse(issued.expiresAt) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(30);
    const listed = await cli("token list -o json");
    expect(listed.stdout).toContain(issued.id);
    expect(listed.stdout).not.toContain(issued.token);
  });

  it("writes it to a new file of mode 0600 and prints it nowhere", async () => {
    const path = join(folder, fresh("token"));
    const { code, stdout, stderr } = await cli(`token create --output-file ${path} -o json -v`);
    expect(code, stderr).toBe(0);
    const token = (await readFile(path, "utf8")).trim();
    expect(token).toMatch(/^plc_/);
    expect(stdout + stderr).not.toContain(token);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("makes no token when the file exists, and no file when the token is refused", async () => {
    const before = (await json("token list")).length;
    const taken = join(folder, fresh("token"));
    await writeFile(taken, "mine");
    expect((await cli(`token create --output-file ${taken}`)).code).toBe(5);
    expect(await readFile(taken, "utf8")).toBe("mine");
    expect((await cli(`token create --output-file ${join(folder, "no", "such", "folder")}`)).code).toBe(2);
    const name = fresh("token");
    expect((await cli(`token create --scope fly --output-file ${join(folder, name)}`)).code).toBe(2);
    expect(await readdir(folder)).not.toContain(name);
    expect((await json("token list")).length).toBe(before);
  });

  it("revokes by id, and does not send a whole token that was given instead", async () => {
    const issued = await json("token create");
    const mistaken = await cli(`token revoke ${issued.token} -v`);
    expect(mistaken.code).toBe(2);
    expect(mistaken.stderr).not.toContain(issued.token);
    expect((await cli(`token revoke ${issued.id}`)).code).toBe(0);
    const listed = await json("token list");
    expect(listed.find((token: { id: string }) => token.id === issued.id).state).toBe("revoked");
  });

  it("lists the tokens of all users, or of one", async () => {
    const login = fresh("tok");
    await json(`user add ${login} --role viewer --generate-password`);
    const { id } = await json(`token create --user ${login}`);
    const ids = async (line: string) => (await json(line)).map((token: { id: string }) => token.id);
    expect(await ids("token list")).not.toContain(id);
    expect(await ids("token list --all")).toContain(id);
    expect(await ids(`token list --user ${login}`)).toEqual([id]);
  });
});

describe("plugctl audit", () => {
  it("filters by actor, action, resource, outcome and time, newest first", async () => {
    const login = fresh("audit");
    await json(`user add ${login} --generate-password`);
    await json(`user update ${login} --name X`);
    const rows = await json(
      `audit --resource user:${login} --action user. --since 1h --actor admin --outcome ok`,
    );
    expect(rows.map((row: { action: string }) => row.action)).toEqual(["user.update", "user.create"]);
    expect(await json(`audit --resource user:${login} --limit 1`)).toHaveLength(1);
    expect(await json(`audit --resource user:${login} --until 1h`)).toEqual([]);
    expect((await cli("audit --since yesterday")).code).toBe(2);
  });

  it("verifies the chain, and exits with 9 naming the row when one was altered", async () => {
    const dataDir = join(folder, fresh("altered"));
    const altered = await start(dataDir);
    onTestFinished(() => altered.stop());
    const own = await signIn(altered.http);
    await json("provider add acme", own);
    expect((await json("audit --verify", own)).ok).toBe(true);
    const database = new DatabaseSync(join(dataDir, "plugctl.db"));
    const { seq } = database.prepare("SELECT seq FROM audit WHERE action = 'provider.create'").get() as {
      seq: number;
    };
    database.prepare("UPDATE audit SET actor = 'mallory' WHERE seq = ?").run(seq);
    database.close();
    const broken = await own("audit --verify -o json");
    expect(broken.code).toBe(9);
    expect(JSON.parse(broken.stderr).error.details).toMatchObject({ ok: false, brokenAt: seq });
  });
});

describe("plugctl events", () => {
  it("streams events as JSON lines until interrupted", async () => {
    const provider = fresh("event");
    const abort = new AbortController();
    let seen = "";
    const ended = cli("events -o jsonl", {
      signal: abort.signal,
      onStdout: (text) => {
        seen += text;
        if (seen.includes(`provider:${provider}`)) abort.abort();
      },
    });
    // The stream may open after the first change, and before one of the next.
    while (!abort.signal.aborted) {
      await cli(`provider add ${provider}`);
      await cli(`provider remove ${provider} -y`);
    }
    expect((await ended).code).toBe(130);
    const [line = ""] = seen.split("\n").filter((text) => text.includes(`provider:${provider}`));
    expect(JSON.parse(line)).toMatchObject({ type: expect.stringMatching(/^provider\./) });
  });
});

describe("plugctl server", () => {
  it("shows what runs and how much there is of it", async () => {
    const status = await json("server status");
    expect(status).toMatchObject({ target: "work", version: "9.9.9", modules: { store: "ready" } });
    expect(status.counts.users).toBeGreaterThan(0);
    expect((await cli("server status --no-color", { tty: true })).stdout).toMatch(/holds:\s+\d+ users/);
  });

  it("saves a backup that restores into a server with the same users", async () => {
    const login = fresh("saved");
    await json(`user add ${login} --generate-password`);
    const file = join(folder, `${fresh("backup")}.tar`);
    const saved = await json(`server backup ${file}`);
    expect(saved.sizeBytes).toBe((await stat(file)).size);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await cli(`server backup ${file}`)).code).toBe(5);
    expect((await cli(`server backup ${file} --overwrite`)).code).toBe(0);

    const dataDir = join(folder, fresh("restored"));
    expect((await cli(`server restore ${file} --data ${dataDir}`)).code).toBe(2);
    const restored = await cli(`server restore ${file} --data ${dataDir} -y`);
    expect(restored, restored.stderr).toMatchObject({ code: 0 });
    expect((await cli(`server restore ${file} --data ${dataDir} -y`)).code).toBe(5);
    const second = await start(dataDir);
    onTestFinished(() => second.stop());
    const own = await signIn(second.http);
    expect((await json("user list", own)).map((user: { login: string }) => user.login)).toContain(login);
  });

  it("writes a backup to stdout, but not to a terminal", async () => {
    const { code, bytes } = await cli("server backup -");
    expect(code).toBe(0);
    expect(bytes.subarray(257, 262).toString()).toBe("ustar");
    expect((await cli("server backup -", { tty: true })).code).toBe(2);
  });

  it("refuses to restore what is no backup, or not there, and leaves nothing", async () => {
    const file = join(folder, fresh("nonsense"));
    await writeFile(file, randomBytes(4096));
    const dataDir = join(folder, fresh("nothing"));
    expect((await cli(`server restore ${file} --data ${dataDir} -y`)).code).toBe(9);
    expect((await cli(`server restore ${file}.tar --data ${dataDir} -y`)).code).toBe(3);
    await expect(stat(dataDir)).rejects.toThrow("ENOENT");
  });

  it("collects garbage and follows the operation, or only starts it", async () => {
    const ended = await json("server gc");
    expect(ended).toMatchObject({ kind: "server.gc", state: "succeeded", result: { removed: 0, freed: 0 } });
    const started = await cli("server gc --no-wait -q");
    expect(started.code).toBe(0);
    expect(started.stdout).toMatch(/^[0-9a-f-]{36}\n$/);
  });

  it("rotates the signing key", async () => {
    const [first, second] = [await json("server rotate-keys"), await json("server rotate-keys")];
    expect(first.kid).not.toBe(second.kid);
  });
});

it("says what a command needs of a target that does not have it", async () => {
  const own = await makeCli();
  const none = await own("user list");
  expect(none.code).toBe(3);
  expect(none.stderr).toContain("plugctl serve");
});
