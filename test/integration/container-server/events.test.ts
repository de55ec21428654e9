import { beforeAll, expect, test, vi } from "vitest";
import type { ServerEvent } from "../../../src/server/events/bus.ts";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { makeContainerServer } from "../../helpers/container-server.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";

const PATIENCE = { timeout: 15_000, interval: 50 };

describeWith(["docker.io", "busybox-static"], "the event bus of a server over an engine", () => {
  const engine = useDockerEngine();

  beforeAll(async () => {
    await busyboxImage(engine.api, "service:1");
    await busyboxImage(engine.api, "health:1", { program: "health" });
  });

  async function watched() {
    const server = await makeContainerServer(engine);
    const seen: ServerEvent[] = [];
    server.frame.context.events.subscribe((event) => seen.push(event));
    const told = (type: string, data: object = {}) =>
      vi.waitFor(
        () =>
          expect(seen).toContainEqual(expect.objectContaining({ type, data: expect.objectContaining(data) })),
        PATIENCE,
      );
    return { ...server, seen, told };
  }

  test("tells how plugins end and start, whoever caused it, over a restart of the engine", async () => {
    const { manage, seen, told } = await watched();
    await manage("box", { action: "install", image: "service:1", start: true });
    await told("plugin.started");
    expect(seen.find(({ type }) => type === "plugin.started")).toMatchObject({
      resource: "plugin:admin/box",
    });
    await engine.api.getContainer("admin-box").kill({ signal: "SIGKILL" });
    await told("plugin.died", { exitCode: 137 });
    await engine.crash();
    await engine.start();
    seen.length = 0;
    await engine.api.getContainer("admin-box").start();
    await told("plugin.started");
    await engine.api.getContainer("admin-box").stop({ t: 2 });
    await told("plugin.died", { exitCode: 0 });
    await told("plugin.stopped");
    await manage("box", { action: "remove" });
  });

  test("tells that a plugin ran out of memory", async () => {
    const { call, manage, told } = await watched();
    const settings = { memoryBytes: 16 * 1024 * 1024 };
    await manage("box", { action: "install", image: "service:1", settings, start: true });
    await call("GET", "/v1/users/admin/plugins/box/terminal?command=tail+/dev/zero");
    await told("plugin.out_of_memory");
    await manage("box", { action: "remove" });
  });

  test("tells of health", async () => {
    const { manage, told } = await watched();
    const settings = { env: { HEALTHY: "yes" } };
    await manage("well", { action: "install", image: "health:1", settings, start: true });
    await told("plugin.healthy");
    await manage("well", { action: "remove" });
  });
});
