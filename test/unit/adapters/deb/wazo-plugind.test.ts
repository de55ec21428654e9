import { describe, expect, it, test } from "vitest";
import type { Connection } from "../../../../src/adapters/adapter.ts";
import { DebBackend } from "../../../../src/adapters/deb/deb-backend.ts";
import { createInstallation } from "../../../../src/adapters/deb/installation.ts";
import { makeConnection } from "../../../helpers/adapter-connection.ts";
import { openDebTarget } from "../../../helpers/deb-target.ts";
import {
  type FakePlugindOptions,
  fakePlugind,
  LOGIN,
  TOKEN,
  unauthorized,
} from "../../../helpers/fake-plugind.ts";

/** A target over a service that answers as a wazo-plugind does. */
async function setUp(options: FakePlugindOptions = {}, given: Partial<Connection> & { token?: string } = {}) {
  const service = await fakePlugind(options);
  const target = await openDebTarget({ url: service.url, token: TOKEN, ...given });
  return { ...service, ...target };
}

const thrown = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("it succeeded"),
    (error) => error,
  );

const base = { namespace: "official", name: "base", version: "1.0.0" };
const phone = {
  namespace: "official",
  name: "phone",
  version: 1.1,
  description: "Phones",
  depends: [{ namespace: "official", name: "base" }],
  tags: ["devices"],
};

describe("the address of a target", () => {
  it.each([
    [false, "/0.2/plugins"],
    [true, "/api/plugind/0.2/plugins"],
  ])("is the service's own, or that of the nginx before it (%j)", async (behindNginx, path) => {
    const { on, asked } = await setUp({ behindNginx, plugins: [base] });
    expect(await on("listing").list()).toHaveLength(1);
    expect(asked.at(-1)).toMatchObject({ path, headers: { "x-auth-token": TOKEN } });
    expect(asked.at(-1)?.headers.authorization).toBeUndefined();
  });

  it("that leads to something else is said to", async () => {
    const { on } = await setUp({
      answer: (_, response) => {
        response.writeHead(200, { "content-type": "text/html" }).end("<html>");
        return true;
      },
    });
    expect(await thrown(on("listing").list())).toMatchObject({
      code: "BACKEND",
      message: 'target "pbx" leads to no wazo-plugind',
      hint: expect.stringContaining("http://host:9503"),
    });
  });
});

describe("a token", () => {
  const refusing = (details: { token: unknown; reason?: string }) => ({
    answer: (request: { url?: string | undefined }, response: Parameters<typeof unauthorized>[0]) => {
      if (request.url?.endsWith("/status")) return false;
      unauthorized(response, details);
      return true;
    },
  });

  test.each([
    ["not_found_or_expired", "UNAUTHENTICATED", /not known, or has expired/],
    ["missing_permission_or_invalid_tenant", "FORBIDDEN", /lacks the permission plugind\.plugins\.read/],
    [undefined, "FORBIDDEN", /belongs to another tenant/],
  ])("that is refused for the reason %s is explained", async (reason, code, message) => {
    const { on } = await setUp(refusing(reason === undefined ? { token: TOKEN } : { token: TOKEN, reason }));
    expect(await thrown(on("listing").list())).toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("that is missing is asked for", async () => {
    const service = await fakePlugind();
    const { on } = await openDebTarget({ url: service.url });
    expect(await thrown(on("listing").list())).toMatchObject({
      code: "UNAUTHENTICATED",
      message: 'target "pbx" asks for a credential',
      hint: "plugctl login -t pbx",
    });
  });
});

describe("signing in", () => {
  it("makes a token of wazo-auth's, tells whose it is, and revokes it; twice is no error", async () => {
    const lines: string[] = [];
    const { on, tokens } = await setUp({ behindNginx: true }, { trace: (line) => lines.push(line) });
    const session = on("session");
    const { token } = await session.login({ ...LOGIN, note: "here" });
    expect(tokens).toContain(token);
    expect(await session.whoami(token)).toEqual({
      login: "6e3b9a1c",
      roles: ["plugind.#"],
      expiresAt: "2026-04-01T00:00:00.000Z",
    });
    await session.logout(token);
    await session.logout(token);
    expect(tokens).not.toContain(token);
    // Tokens are part of wazo-auth's paths.
    expect(lines.join("\n")).toContain("/api/auth/0.1/token/…");
    expect(lines.join("\n")).not.toContain(token);
  });

  it("with a wrong password is refused in a sentence", async () => {
    const { on } = await setUp({ behindNginx: true });
    expect(await thrown(on("session").login({ ...LOGIN, password: "x", note: "" }))).toMatchObject({
      code: "UNAUTHENTICATED",
      message: 'target "pbx": user or password is wrong',
    });
  });

  it("where wazo-auth is elsewhere needs its address", async () => {
    const { on } = await setUp();
    expect(await thrown(on("session").login({ ...LOGIN, note: "" }))).toMatchObject({
      code: "UNSUPPORTED",
      hint: expect.stringContaining("--auth URL"),
    });
    const elsewhere = await fakePlugind({
      answer: (request, response) => {
        if (request.url !== "/0.1/token") return false;
        response.writeHead(200).end(JSON.stringify({ data: { token: "t" } }));
        return true;
      },
    });
    const other = await setUp({}, { deb: { auth: elsewhere.url } });
    expect(await other.on("session").login({ ...LOGIN, note: "" })).toEqual({
      token: "t",
      login: LOGIN.login,
    });
  });
});

describe("looking", () => {
  it("shows a version that is a number as it is written", async () => {
    const { on } = await setUp({
      answer: ({ url }, response) => {
        if (url !== "/0.2/plugins") return false;
        const items = '[{"namespace": "acme", "name": "x", "version": 1.0, "plugin_format_version": 1}]';
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(`{"items": ${items}, "total": 1}`);
        return true;
      },
    });
    expect(await on("listing").list()).toMatchObject([{ version: "1.0", plugin_format_version: 1 }]);
  });

  const market = [
    {
      ...{ namespace: "official", name: "phone", display_name: "Phones", author: "Wazo", tags: ["devices"] },
      ...{ short_description: "Phones\nof all makers" },
      versions: [
        { version: "2.0", upgradable: false },
        { version: "1.2", upgradable: true },
        { version: "1.1", upgradable: false },
      ],
    },
    { namespace: "acme", name: "crm", versions: [{ version: "3", upgradable: true }] },
  ];

  it("lists what is installed, with names, versions as text and what the author wrote", async () => {
    const { on } = await setUp({ plugins: [phone, base] });
    expect(await on("listing").list()).toMatchObject([
      { name: "official/base", version: "1.0.0", state: "installed", description: null },
      { name: "official/phone", version: "1.1", description: "Phones", tags: ["devices"] },
    ]);
  });

  it("searches the market; the version is the one that would be installed", async () => {
    const { on } = await setUp({ plugins: [phone], market });
    expect(await on("catalogue").search({ text: "" })).toMatchObject([
      {
        ...{ name: "official/phone", version: "1.2", state: "installed", installedVersion: "1.1" },
        ...{ upgradable: true, description: "Phones", versions: ["2.0", "1.2", "1.1"] },
      },
      { name: "acme/crm", version: "3", state: "available", installedVersion: null },
    ]);
    const names = async (query: object) =>
      (await on("catalogue").search({ text: "", ...query })).map(({ name }) => name);
    expect(await names({ category: "Devices" })).toEqual(["official/phone"]);
    expect(await names({ vendor: "acme" })).toEqual(["acme/crm"]);
    expect(await names({ text: "Phones" })).toEqual(["official/phone"]);
  });

  it("tells of one plugin what is installed, and else what the market says", async () => {
    const { on } = await setUp({ plugins: [phone], market });
    const info = on("inspection").info;
    expect(await info({ name: "official/phone" })).toMatchObject({ version: "1.1", state: "installed" });
    expect(await info({ name: "official/phone", version: "1.2" })).toMatchObject({ version: "1.2" });
    expect(await info({ name: "acme/crm" })).toMatchObject({ version: "3", state: "available", kind: "deb" });
    for (const [name, version] of [["acme/none"], ["acme/crm", "9"], ["crm"]] as const) {
      expect(await thrown(info({ name: name ?? "", version }))).toMatchObject({ code: "NOT_FOUND" });
    }
  });

  it("tells what the market has newer", async () => {
    const { on } = await setUp({ plugins: [phone, base], market });
    expect(await on("installation").outdated()).toEqual([
      { name: "official/phone", version: "1.1", latest: "1.2", digestChanged: false, problem: null },
      { name: "official/base", version: "1.0.0", latest: "1.0.0", digestChanged: false, problem: null },
    ]);
  });

  it("says that the service is not ready while it does not know its tenant", async () => {
    const { on } = await setUp({ masterTenant: "fail" });
    expect(await thrown(on("health").check())).toMatchObject({ code: "UNAVAILABLE" });
    const other = await setUp({ behindNginx: true });
    expect(await other.on("health").check()).toEqual({
      product: "wazo-plugind",
      version: null,
      login: "6e3b9a1c",
    });
  });
});

describe("changes, seen from the list alone", () => {
  const patience = { intervalMs: 5, limitMs: 300 };

  async function hurried(options: FakePlugindOptions) {
    const service = await fakePlugind(options);
    const backend = new DebBackend(makeConnection({ target: "pbx", url: service.url, token: TOKEN }));
    const installation = createInstallation(backend, patience);
    const install = (source: Parameters<typeof installation.install>[0]["source"], more = {}) =>
      installation.install(
        { source, settings: {}, build: false, start: true, dryRun: false, ...more },
        () => {},
      );
    return { ...service, installation, install };
  }

  it("of a repository end when its plugin is listed, and say that more was not seen", async () => {
    const { install, asked } = await hurried({ repositories: { "https://git/base": base } });
    const source = { type: "git", url: "https://git/base", ref: "v1", directory: "sub" } as const;
    expect(await install(source)).toMatchObject({
      ...{
        name: "official/base",
        version: "1.0.0",
        previousVersion: null,
        changed: true,
        state: "installed",
      },
      warnings: [expect.stringContaining("the end of the task was not seen")],
    });
    expect(asked.find(({ method }) => method === "POST")).toMatchObject({
      path: "/0.2/plugins",
      body: { method: "git", options: { url: "https://git/base", ref: "v1", subdirectory: "sub" } },
    });
  });

  it("of a repository are repeated on demand", async () => {
    const { install, asked, plugins } = await hurried({ repositories: { "https://git/base": base } });
    plugins.clear();
    await install({ type: "git", url: "https://git/base" }, { replace: true });
    expect(asked.some(({ path }) => path === "/0.2/plugins?reinstall=true")).toBe(true);
  });

  it("that nothing comes of are given up, with where the reason is found", async () => {
    const { install } = await hurried({ repositories: { "https://git/bad": null } });
    expect(await thrown(install({ type: "git", url: "https://git/bad" }))).toMatchObject({
      code: "TIMEOUT",
      hint: expect.stringContaining("deb.amqp"),
    });
  });

  const market = [
    {
      ...{ namespace: "official", name: "base" },
      versions: [
        { version: "2.0", upgradable: true },
        { version: "1.0.0", upgradable: false },
      ],
    },
  ];

  it("of the market end when the version is listed; what is there already is not asked for", async () => {
    const { installation, install, asked } = await hurried({ plugins: [base], market });
    const update = (version?: string) =>
      installation.update({ name: "official/base", version, dryRun: false }, () => {});
    expect(await update()).toMatchObject({ version: "2.0", previousVersion: "1.0.0", changed: true });
    const posts = () => asked.filter(({ method }) => method === "POST").length;
    expect(posts()).toBe(1);
    expect(await install({ type: "market", name: "official/base", version: "2.0" })).toMatchObject({
      ...{ version: "2.0", changed: false },
    });
    expect(posts()).toBe(1);
    expect(await thrown(update("9"))).toMatchObject({
      code: "NOT_FOUND",
      hint: "versions: 2.0, 1.0.0",
    });
    // It would say "completed" and have done nothing.
    const again = install({ type: "market", name: "official/base", version: "2.0" }, { replace: true });
    expect(await thrown(again)).toMatchObject({ code: "UNSUPPORTED" });
    expect(posts()).toBe(1);
  });

  it("are refused where a wazo-plugind would report a success, or fail after the build", async () => {
    const { install, installation, asked } = await hurried({ plugins: [base], market: [] });
    const refused = [
      [() => install({ type: "market", name: "official/none" }), "NOT_FOUND"],
      [() => install({ type: "git", url: "u", ref: "a".repeat(40) }), "UNSUPPORTED"],
      [() => install({ type: "path", path: "/x.deb" }), "UNSUPPORTED"],
      [() => install({ type: "image", reference: "nginx" }), "UNSUPPORTED"],
      [() => install({ type: "git", url: "u" }, { dryRun: true }), "UNSUPPORTED"],
      [() => installation.rollback({ name: "official/base", dryRun: false }, () => {}), "UNSUPPORTED"],
      [() => installation.update({ name: "official/base", dryRun: false }, () => {}), "CONFLICT"],
      [() => installation.update({ name: "official/none", dryRun: false }, () => {}), "NOT_FOUND"],
      [() => install({ type: "git", url: "u" }, { name: "x" }), "USAGE"],
      [() => install({ type: "git", url: "u" }, { build: true }), "USAGE"],
      [() => install({ type: "git", url: "u" }, { start: false }), "USAGE"],
      [() => install({ type: "git", url: "u" }, { settings: { cpus: 1 } }), "USAGE"],
    ] as const;
    for (const [attempt, code] of refused) expect(await thrown(attempt())).toMatchObject({ code });
    expect(asked.filter(({ method }) => method !== "GET")).toEqual([]);
  });
});

describe("removal", () => {
  it("refuses what others need; with dependents it names all that went", async () => {
    const { on, asked, plugins } = await setUp({ plugins: [base, phone] });
    const remove = (more = {}) =>
      on("removal").remove({ name: "official/base", purge: false, dryRun: false, ...more });
    expect(await thrown(remove())).toMatchObject({
      code: "CONFLICT",
      message: "official/base is needed by official/phone",
    });
    const all = [
      { name: "official/base", version: "1.0.0", state: "removed" },
      { name: "official/phone", version: "1.1", state: "removed" },
    ];
    expect(await remove({ dependents: true, dryRun: true })).toEqual(all);
    expect(asked.filter(({ method }) => method === "DELETE")).toEqual([]);
    expect(await remove({ dependents: true })).toEqual(all);
    expect(plugins.size).toBe(0);
    expect(await thrown(remove())).toMatchObject({ code: "NOT_FOUND" });
  });
});

test.each([
  ["verification", (on) => on("verification").verify("official/base")],
  ["history", (on) => on("history").history("official/base")],
  ["portability", (on) => on("portability").export(undefined)],
  ["repository", (on) => on("repository").list()],
  [
    "logs",
    async (on) => {
      for await (const _ of on("logs").logs({ name: "official/base", follow: false }));
    },
  ],
] as [string, (on: Awaited<ReturnType<typeof setUp>>["on"]) => Promise<unknown>][])(
  "%s is said to need plugctl serve",
  async (_, ask) => {
    const { on } = await setUp({ plugins: [base] });
    expect(await thrown(ask(on))).toMatchObject({
      code: "UNSUPPORTED",
      hint: expect.stringContaining("plugctl serve"),
    });
  },
);
