import { existsSync } from "node:fs";
import { glob, lstat, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { generateToken } from "../../../src/server/identity/token-format.ts";
import { collect, makeTgz, pluginTree } from "../../helpers/archives.ts";
import { BuiltServer } from "../../helpers/built-plugctl.ts";

/** A version that is published before any bad input arrives. */
export const PUBLISHED = { plugin: "@acme/maps", version: "1.0.0", entry: "index.js" };

const PASSWORDS = {
  admin: "correct horse battery",
  cora: "staple staple staple",
  dora: "gone but not forgotten",
};

/** A server with something to lose, and credentials of every kind that must not get in, or not that far. */
export interface World {
  server: BuiltServer;
  logFile: string;
  tokens: Record<TokenName, string>;
  passwords: typeof PASSWORDS;
  /** What must never be seen in an answer, an output or the log. */
  secrets: readonly string[];
}

export type TokenName =
  | "admin"
  | "reader"
  | "acme"
  | "atlas"
  | "cora"
  | "dora"
  | "revoked"
  | "expired"
  | "unknown"
  | "malformed"
  | "forged";

export async function makeWorld(folder: string): Promise<World> {
  const passwordFile = join(folder, "admin-password");
  await writeFile(passwordFile, PASSWORDS.admin, { mode: 0o600 });
  const logFile = join(folder, "server.log");
  const server = await BuiltServer.start({
    folder,
    args: ["--admin-password-file", passwordFile, "--log-file", logFile, "--log-level", "debug"],
  });
  const call = caller(server);
  for (const id of ["acme", "bravo"]) await call("POST", "providers", { id });
  for (const login of ["cora", "dora"] as const) {
    const roles = [{ role: "provider-developer", provider: "acme" }];
    await call("POST", "users", { login, password: PASSWORDS[login], roles });
  }
  const issue = async (request: object) =>
    (await call("POST", "tokens", request)) as { id: string; token: string };
  const scopes = ["read", "publish"];
  const [reader, acme, atlas, cora, dora, revoked, expired] = await Promise.all([
    issue({ scopes: ["read"] }),
    issue({ scopes, resources: ["provider:acme"] }),
    issue({ scopes, resources: ["plugin:@acme/atlas*"] }),
    issue({ scopes, user: "cora" }),
    issue({ scopes, user: "dora" }),
    issue({ scopes }),
    issue({ scopes }),
  ]);
  await call("DELETE", `tokens/${revoked.id}`);
  await call("PATCH", "users/dora", { state: "disabled" });
  const { plugin, version } = PUBLISHED;
  await call("POST", "publish?provider=acme", await makeTgz(pluginTree(plugin, version)));
  expire(server, expired.id);
  const tokens = {
    admin: server.token,
    reader: reader.token,
    acme: acme.token,
    atlas: atlas.token,
    cora: cora.token,
    dora: dora.token,
    revoked: revoked.token,
    expired: expired.token,
    // Well formed, and nobody's.
    unknown: generateToken().token,
    malformed: "plc_abc",
    // A JWT that says of itself that it needs no signature.
    forged: `${base64({ alg: "none", typ: "JWT" })}.${base64({ sub: "admin", exp: 9_999_999_999 })}.`,
  };
  await Promise.all([compressed(server), seen(server)]);
  const secrets = [...Object.values(tokens), ...Object.values(PASSWORDS)];
  return { server, logFile, tokens, passwords: PASSWORDS, secrets };
}

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

function caller({ http, token }: BuiltServer) {
  return async (method: string, path: string, body?: object): Promise<unknown> => {
    const isArchive = Buffer.isBuffer(body);
    const response = await fetch(`${http}/api/v1/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined
          ? {}
          : { "content-type": isArchive ? "application/gzip" : "application/json" }),
      },
      ...(body === undefined ? {} : { body: isArchive ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
}

const databaseOf = (server: BuiltServer) => join(server.folder, "data", "plugctl.db");

/** No token can be made that has expired, and a test cannot wait for a day. */
function expire(server: BuiltServer, id: string): void {
  const database = new DatabaseSync(databaseOf(server));
  database.exec("PRAGMA busy_timeout = 5000");
  database.prepare("UPDATE token SET expires_at = '2020-01-01T00:00:00.000Z' WHERE id = ?").run(id);
  database.close();
}

/** Waits for the work that goes on behind a publish. */
async function compressed(server: BuiltServer): Promise<void> {
  for (;;) {
    const database = new DatabaseSync(databaseOf(server), { readOnly: true });
    const row = database.prepare("SELECT count(*) AS pending FROM variant WHERE state = 'pending'").get();
    database.close();
    if (row?.pending === 0) return;
    await sleep(50);
  }
}

/** Waits for the view of the machine that the server makes for packages, in the background of its start. */
async function seen(server: BuiltServer): Promise<void> {
  while (!existsSync(join(server.folder, "data", "deb", "installer", "host-view", "root"))) await sleep(50);
}

/** What bad input is allowed to add to: the record of what was tried. */
const RECORDS = ["audit", "operation", "operation_event", "deb_task"];
const TRACES = ["last_used_at", "last_used_ip"];

/** Everything that the server and its user keep, in a form that can be compared. */
export async function snapshot({ server }: World) {
  const database = new DatabaseSync(databaseOf(server), { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  const rows = tables
    .map(({ name }) => String(name))
    .filter((name) => !RECORDS.includes(name))
    .map((name) => [name, database.prepare(`SELECT * FROM "${name}"`).all().map(withoutTraces)]);
  database.close();
  const config = join(server.folder, "config");
  return {
    database: Object.fromEntries(rows) as Record<string, unknown[]>,
    files: await sizes(join(server.folder, "data"), /^(?:plugctl\.db|server\.lock|deb\/tasks\/)/),
    config: await Promise.all(
      ["config.yaml", "credentials.json"].map((name) => readFile(join(config, name), "utf8")),
    ),
  };
}

const withoutTraces = (row: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(row).filter(([column]) => !TRACES.includes(column)));

/** Path → size of the files in a folder, but for those that are compared otherwise. */
async function sizes(folder: string, except: RegExp): Promise<Record<string, number>> {
  // The view of the machine is the machine's, and full of links out of the folder.
  const paths = await collect(glob("**", { cwd: folder, exclude: ["deb/installer/host-view"] }));
  const found = await Promise.all(
    paths
      .filter((path) => !except.test(path))
      .sort()
      .map(async (path) => [path, await lstat(join(folder, path))] as const),
  );
  return Object.fromEntries(
    found.filter(([, file]) => file.isFile()).map(([path, { size }]) => [path, size]),
  );
}

/** A folder in which one command is run. */
export const makeFolder = ({ server }: World) => mkdtemp(join(server.folder, "cwd-"));
