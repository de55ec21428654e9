import { beforeAll, expect, it } from "vitest";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { openTarget } from "../../helpers/container-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";

describeWith(["docker.io", "busybox-static"], "plugins of several users on one engine", () => {
  const engine = useDockerEngine();
  const openAs = (user: string) => openTarget({ url: engine.url, container: { user } });

  beforeAll(() => busyboxImage(engine.api, "service:1", { changes: ["VOLUME /data"] }));

  it("whose names come to the same stay apart, and so does their data", async () => {
    const [one, two] = [openAs("a"), openAs("a-b")];
    await one.install("service:1", { name: "b-c" });
    await expect(two.install("service:1", { name: "c" })).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(two.on("inspection").info({ name: "c" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(two.on("lifecycle").kill("c", {})).rejects.toMatchObject({ code: "NOT_FOUND" });
    const remove = { name: "b-c", purge: false, dryRun: false };
    await one.on("removal").remove(remove);
    // The data of the first one is still there, under the name that the second one's would have.
    await expect(two.install("service:1", { name: "c" })).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("belongs to another user's plugin"),
    });
    expect(await engine.api.listContainers({ all: true })).toEqual([]);
    await one.install("service:1", { name: "b-c" });
    await one.on("removal").remove({ ...remove, purge: true });
    await two.install("service:1", { name: "c" });
    expect(await two.on("listing").list()).toMatchObject([{ name: "c", state: "running" }]);
    expect(await one.on("listing").list()).toEqual([]);
    await two.on("removal").remove({ name: "c", purge: true, dryRun: false });
  });

  it("never get the engine's own network, or one that somebody else made", async () => {
    await expect(openAs("host").install("service:1", { name: "box" })).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining('the network "host"'),
    });
    await engine.api.createNetwork({ Name: "backend" });
    await expect(openAs("backend").install("service:1", { name: "box" })).rejects.toMatchObject({
      code: "CONFLICT",
    });
    expect(await engine.api.listContainers({ all: true })).toEqual([]);
    expect((await engine.api.listVolumes()).Volumes).toEqual([]);
  });

  it("may belong to a login with any character that logins have", async () => {
    const target = openAs("jane.doe@example.com");
    await target.install("service:1", { name: "box" });
    expect(await target.on("listing").list()).toMatchObject([{ name: "box", state: "running" }]);
    expect(await target.on("lifecycle").stop("box", {})).toMatchObject({ state: "stopped" });
    await target.on("removal").remove({ name: "box", purge: true, dryRun: false });
    expect((await engine.api.listVolumes()).Volumes).toEqual([]);
  });
});
