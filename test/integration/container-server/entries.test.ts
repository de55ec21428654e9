import { beforeAll, expect, test } from "vitest";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { callerOver, makeContainerServer, productEntry } from "../../helpers/container-server.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { writeFiles } from "../../helpers/plugin-folder.ts";

describeWith(["docker.io", "busybox-static"], "the entry of an installed plugin", () => {
  const engine = useDockerEngine();

  beforeAll(() => busyboxImage(engine.api, "service:1"));

  test("is exported, and compared with what the marketplace offers meanwhile", async () => {
    const { call, manage, marketplace } = await makeContainerServer(engine);
    await manage("sensor", { action: "install" });
    const exported = await call("GET", "container/plugins/sensor/export");
    expect(exported).toMatchObject({
      status: 200,
      body: { name: "sensor", version: "2.0.0", kind: "product", origin: marketplace },
    });
    expect(exported.body.manifest).toEqual(productEntry);
    expect(Date.parse(exported.body.installedAt)).not.toBeNaN();
    const diff = () => call("GET", "container/plugins/sensor/diff?user=admin");
    expect((await diff()).body).toEqual({
      ...{ name: "sensor", installedVersion: "2.0.0", offeredVersion: "2.0.0" },
      changes: [],
    });
    const [product] = productEntry.resources.products;
    const resources = { products: [{ ...product, enabled: false, profile: { code: "x" } }] };
    await writeFiles(`${marketplace}/sensor`, {
      "plugin.json": { ...productEntry, version: "2.1.0", resources },
    });
    expect((await diff()).body).toEqual({
      ...{ name: "sensor", installedVersion: "2.0.0", offeredVersion: "2.1.0" },
      changes: [
        { path: "/version", kind: "changed", from: "2.0.0", to: "2.1.0" },
        { path: "/resources/products/0/enabled", kind: "changed", from: true, to: false },
        { path: "/resources/products/0/profile/code", kind: "added", to: "x" },
      ],
    });
    await manage("sensor", { action: "upgrade" });
    expect((await diff()).body).toMatchObject({ installedVersion: "2.1.0", changes: [] });
  });

  test("is for who may read the plugin, and there only when the plugin came from the marketplace", async () => {
    const { url, call, manage } = await makeContainerServer(engine);
    const get = (name: string) => call("GET", `container/plugins/${name}/export`);
    expect(await get("sensor")).toMatchObject({ status: 404, body: { code: "not_found" } });
    await manage("box", { action: "install", image: "service:1" });
    expect(await get("box")).toMatchObject({ status: 409, body: { code: "conflict" } });
    expect((await callerOver(url)("GET", "container/plugins/box/export")).status).toBe(401);
    await manage("box", { action: "remove" });
  });
});
