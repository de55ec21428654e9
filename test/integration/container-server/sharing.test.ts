import { afterEach, beforeAll, expect, test } from "vitest";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { type ContainerServer, callerOver, makeContainerServer } from "../../helpers/container-server.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";

describeWith(["docker.io", "busybox-static"], "what an owner and an administrator decide", () => {
  const engine = useDockerEngine();

  beforeAll(() => busyboxImage(engine.api, "web:1.0.0", { program: "http" }));
  afterEach(async () => {
    for (const { Id } of await engine.api.listContainers({ all: true }))
      await engine.api.getContainer(Id).remove({ force: true });
  });

  async function addUser({ call, url }: ContainerServer, login: string, permissions: string[]) {
    await call("POST", "roles", { id: `as-${login}`, permissions });
    const user = { login, password: "a long password", roles: [{ role: `as-${login}` }] };
    expect((await call("POST", "users", user)).status).toBe(201);
    return callerOver(url, `Basic ${Buffer.from(`${login}:a long password`).toString("base64")}`);
  }

  test("a private plugin that is shared may be visited by that user, until it is taken back", async () => {
    const server = await makeContainerServer(engine);
    const { call, manage } = server;
    const [bob, eve] = [
      await addUser(server, "bob", ["read"]),
      await addUser(server, "eve", ["read", "deploy"]),
    ];
    await manage("web", { action: "install", start: true });
    const shares = "container/plugins/web/shares";
    expect((await bob("GET", "/p/web/")).status).toBe(403);
    expect((await eve("PUT", `${shares}/eve?user=admin`)).status).toBe(403);
    expect(await call("PUT", `${shares}/bob`)).toMatchObject({ status: 200, body: { login: "bob" } });
    expect((await call("PUT", `${shares}/bob`)).status).toBe(200);
    expect((await call("PUT", `${shares}/nobody`)).body).toMatchObject({ code: "user_not_found" });
    expect((await call("PUT", "container/plugins/none/shares/bob")).status).toBe(404);
    expect((await call("GET", shares)).body.items).toMatchObject([{ login: "bob" }]);
    expect((await bob("GET", "/p/web/")).body).toBe("hello admin\n");
    expect((await eve("GET", "/p/web/")).status).toBe(403);
    // To visit is all that bob may do.
    expect((await bob("GET", "/v1/users/admin/plugins/web")).status).toBe(403);
    expect((await bob("POST", "/v1/users/admin/plugins/web", { action: "stop" })).status).toBe(403);
    expect((await call("DELETE", `${shares}/bob`)).status).toBe(204);
    expect((await bob("GET", "/p/web/")).status).toBe(403);
    const { items } = (await call("GET", "audit?resource=plugin:admin/web&outcome=ok")).body;
    expect(items.map(({ action, detail }: { action: string; detail: object }) => [action, detail])).toEqual([
      ["plugin.unshare", { login: "bob" }],
      ["plugin.share", { login: "bob" }],
      ["plugin.share", { login: "bob" }],
      ["plugin.install", {}],
    ]);
  });

  test("a share ends with the plugin, and with the user", async () => {
    const server = await makeContainerServer(engine);
    const { call, manage } = server;
    await addUser(server, "bob", ["read"]);
    await addUser(server, "ann", ["read"]);
    await manage("web", { action: "install", start: true });
    const shares = "container/plugins/web/shares";
    for (const login of ["ann", "bob"]) await call("PUT", `${shares}/${login}`);
    expect((await call("DELETE", "users/bob")).status).toBe(204);
    expect((await call("GET", shares)).body.items).toMatchObject([{ login: "ann" }]);
    await manage("web", { action: "remove" });
    await manage("web", { action: "install" });
    expect((await call("GET", shares)).body.items).toEqual([]);
  });

  test("the server takes no more plugins than it may have", async () => {
    const { call, manage } = await makeContainerServer(engine, { maxPlugins: 1 });
    const both = await Promise.allSettled([
      manage("web", { action: "install" }),
      manage("other", { action: "install", entry: "web" }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const refused = both.find((outcome) => outcome.status === "rejected");
    expect(String(refused?.reason)).toContain("this server has as many plugins as it may have: 1");
    const [{ name }] = (await call("GET", "/v1/users/admin/plugins")).body;
    await manage(name, { action: "remove" });
    await manage("sensor", { action: "install" });
    await expect(manage("web", { action: "install" })).rejects.toThrow("as many plugins as it may have: 1");
  });

  test("limits of a public plugin are set with its access, and kept", async () => {
    const { call, manage, url } = await makeContainerServer(engine);
    await manage("web", { action: "install", start: true });
    const open = { access: "public", force: true };
    const set = (more: object) => call("PUT", "container/plugins/web/access", { ...open, ...more });
    expect((await set({})).body).toMatchObject({ requestsPerSecond: 100, maxBodyBytes: 104_857_600 });
    expect((await set({ maxBodyBytes: 10 })).body).toMatchObject({ maxBodyBytes: 10 });
    const post = await fetch(`${url}/p/web/`, { method: "POST", body: "more than ten" });
    expect(post.status).toBe(413);
    expect((await call("GET", "container/plugins/web/access")).body).toMatchObject({ maxBodyBytes: 10 });
    expect((await set({ access: "private" })).body).toMatchObject({ maxBodyBytes: null });
  });
});
