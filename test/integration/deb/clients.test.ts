import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN_PASSWORD, type DebServer, startDebServer } from "../../helpers/deb-server.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { basic } from "../../helpers/http-client.ts";
import { makePluginRepository } from "../../helpers/plugin-repository.ts";
import { useRabbitMq } from "../../helpers/rabbitmq.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

/**
 * Wazo's own clients in Python, as they are. No package registry has them, so these tests exist only where the variable
 * names a Python into which they were installed from their repositories (CONTRIBUTING.md says how).
 */
const PYTHON = process.env.PLUGCTL_TEST_WAZO_PYTHON;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Every call of wazo-plugind-client, and of wazo-auth-client what that needs. */
const CLIENT = `
import json, sys, time
from wazo_auth_client import Client as Auth
from wazo_plugind_client import Client
port, password, url = sys.argv[1:]
place = dict(port=int(port), prefix=None, https=False)
auth = Auth('127.0.0.1', username='admin', password=password, **place)
token = auth.token.new(expiration=60)['token']
client = Client('127.0.0.1', token=token, **place)
def until(condition):
    for _ in range(600):
        if condition(): return
        time.sleep(0.1)
    raise Exception('it did not happen in time')
seen = {}
seen['status'] = client.status.get()['rest_api']['status']
seen['config'] = client.config.get()['default_debian_package_prefix']
seen['market'] = [client.market.list()['total'], client.market.list('nothing of the kind')['filtered']]
seen['item'] = client.market.get('official', 'conference')['name']
client.plugins.install(url=url, method='git', options={'ref': 'main'}, reinstall=True)
until(lambda: client.plugins.list()['total'] == 1)
seen['plugin'] = client.plugins.get('plugindtests', 'foobar')['version']
client.plugins.uninstall('plugindtests', 'foobar')
until(lambda: client.plugins.list()['total'] == 0)
auth.token.revoke(token)
seen['valid'] = auth.token.is_valid(token)
print(json.dumps(seen))
`;

/** wazo-plugind-cli has its ports in its program: only these are other ones here. */
const CLI = `
import sys
from wazo_plugind_cli import config, main
port, bus, key_file, command = sys.argv[1:]
config._DEFAULT_CONFIG['auth'].update(port=int(port), key_file=key_file)
config._DEFAULT_CONFIG['plugind'].update(port=int(port))
config._DEFAULT_CONFIG['bus'].update(host='127.0.0.1', port=int(bus))
sys.argv = ['wazo-plugind-cli', '-c', command]
main.main()
`;

describeWith(["rabbitmq-server"], "what Wazo's clients rely on", () => {
  let server: DebServer;
  beforeAll(async () => {
    server = await startDebServer();
  });
  afterAll(() => server?.stop());

  const signIn = (login: string, password: string, body = "{}") =>
    fetch(`${server.url}/0.1/token`, {
      method: "POST",
      headers: { authorization: basic(login, password) },
      body,
    });
  const check = async (token: string, query = "") =>
    (await fetch(`${server.url}/api/auth/0.1/token/${token}${query}`, { method: "HEAD" })).status;

  test("a login and its password are traded for a token, which is checked, shown and revoked", async () => {
    const created = await signIn("admin", ADMIN_PASSWORD, '{"expiration": 60}');
    expect(created.status).toBe(200);
    const { data } = (await created.json()) as { data: Record<string, string> & { token: string } };
    const metadata = { tenant_uuid: expect.stringMatching(UUID), username: "admin" };
    expect(data).toMatchObject({ acl: ["#"], metadata, auth_id: expect.stringMatching(UUID) });
    const lifetime = Date.parse(`${data.utc_expires_at}Z`) - Date.parse(`${data.utc_issued_at}Z`);
    expect(lifetime).toBeLessThanOrEqual(60_000);
    expect(await check(data.token)).toBe(204);
    expect(await check(data.token, "?scope=plugind.plugins.create")).toBe(204);
    expect(await check(data.token, `?tenant=${crypto.randomUUID()}`)).toBe(403);
    const shown = await fetch(`${server.url}/0.1/token/${data.token}`);
    expect(await shown.json()).toMatchObject({ data: { token: data.token, metadata } });
    const revoked = await fetch(`${server.url}/0.1/token/${data.token}`, { method: "DELETE" });
    expect(revoked.status).toBe(200);
    expect(await check(data.token)).toBe(404);
  });

  test("a wrong password gives no token", async () => {
    const refused = await signIn("admin", "wrong");
    expect([refused.status, await refused.json()]).toEqual([
      401,
      expect.objectContaining({ error_id: "unauthorized" }),
    ]);
  });

  test("a token allows no more than its user may", async () => {
    const user = { login: "reader", password: "a password that is long", roles: [{ role: "viewer" }] };
    expect((await server.call("POST", "/api/v1/users", user)).status).toBe(201);
    const { data } = (await (await signIn(user.login, user.password)).json()) as { data: { token: string } };
    expect(await check(data.token, "?scope=plugind.plugins.read")).toBe(204);
    expect(await check(data.token, "?scope=plugind.plugins.create")).toBe(403);
    const body = { method: "git", options: { url: "https://git.example.com/x" } };
    expect((await server.call("GET", "/0.2/plugins", undefined, data.token)).status).toBe(200);
    const refused = await server.call("POST", "/0.2/plugins", body, data.token);
    expect([refused.status, refused.body.details]).toEqual([
      401,
      {
        invalid_token: data.token,
        reason: "missing_permission_or_invalid_tenant",
        required_access: "plugind.plugins.create",
        tenant_uuid: null,
      },
    ]);
    expect((await server.call("GET", "/0.2/config", undefined, data.token)).status).toBe(401);
    const audit = await server.call("GET", "/api/v1/audit?action=authorize.plugind.plugins.create");
    expect(audit.body.items[0]).toMatchObject({ actor: "reader", outcome: "denied" });
  });

  test("pages of other origins may call, and every resource says which methods it has", async () => {
    const url = `${server.url}/api/plugind/0.2/plugins`;
    const preflight = await fetch(url, { method: "OPTIONS", headers: { origin: "https://app.example.com" } });
    expect(preflight.status).toBe(200);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      "access-control-allow-origin": "https://app.example.com",
      "access-control-allow-headers": "Content-Type, X-Auth-Token",
      "access-control-allow-methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
      allow: "GET, HEAD, OPTIONS, POST",
      vary: "Origin",
    });
    const refused = await fetch(url, { method: "PUT" });
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS, POST"]);
    const head = await fetch(url, { method: "HEAD", headers: { "x-auth-token": server.token } });
    expect([head.status, head.headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
    expect((await server.call("GET", "/0.2/plugins/")).status).toBe(404);
  });

  test("behind a proxy the description of the API says where that offers it", async () => {
    const path = `${server.url}/0.2/api/api.yml`;
    const answer = await fetch(path, { headers: { "x-script-name": "/api/plugind" } });
    expect(await answer.text()).toContain("basePath: /api/plugind/0.2\n");
  });
});

if (PYTHON !== undefined) describe("Wazo's clients in Python", describeClients);

function describeClients(): void {
  const rabbit = useRabbitMq();
  let server: DebServer;

  beforeAll(async () => {
    const market = [{ namespace: "official", name: "conference", versions: [] }];
    server = await startDebServer({ amqp: rabbit.url, market });
  });
  afterAll(() => server?.stop());

  async function python(script: string, ...words: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(PYTHON ?? "", ["-c", script, ...words], { timeout: 60_000 });
    return stdout;
  }
  const port = () => new URL(server.url).port;

  async function cli(command: string): Promise<string[]> {
    const keyFile = join(await makeTempDir(), "key.yml");
    await writeFile(keyFile, `service_id: admin\nservice_key: ${ADMIN_PASSWORD}\n`);
    const output = await python(CLI, port(), new URL(rabbit.url).port, keyFile, command);
    return output.trim().split("\n");
  }

  test("wazo-plugind-client reads, installs and removes", async () => {
    const { url } = await makePluginRepository({});
    expect(JSON.parse(await python(CLIENT, port(), ADMIN_PASSWORD, url))).toEqual({
      status: "ok",
      config: "wazo-plugind",
      market: [1, 0],
      item: "conference",
      plugin: "0.0.1",
      valid: false,
    });
  }, 90_000);

  test("wazo-plugind-cli shows each status until the last one", async () => {
    const { url } = await makePluginRepository({});
    expect(await cli(`install git ${url}`)).toContain("installing...");
    expect(await cli("list")).toEqual(["* List of plugins installed *", "- plugindtests/foobar (0.0.1)"]);
    expect((await cli(`install git ${url}`)).at(-1)).toBe("completed");
    expect((await cli("uninstall plugindtests/foobar")).slice(-2)).toEqual(["removing...", "completed"]);
  }, 120_000);

  test("wazo-plugind-cli fails with what the server says", async () => {
    await expect(cli("install git file:///nothing/of/the/kind")).rejects.toThrow(/install-error/);
  }, 60_000);
}
