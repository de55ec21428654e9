import { beforeAll, expect, it } from "vitest";
import type { LifecycleAction } from "../../../src/core/lifecycle.ts";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { openTarget } from "../../helpers/container-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { usePodmanEngine } from "../../helpers/podman-engine.ts";

const STATES = ["created", "running", "paused", "exited"] as const;
const ACTIONS: readonly LifecycleAction[] = ["start", "stop", "kill", "restart", "pause", "resume"];

/** State after the action; `=` means that nothing was to be done, and `!action` which one the error offers. */
const TABLE: Readonly<Record<(typeof STATES)[number], Readonly<Record<LifecycleAction, string>>>> = {
  created: {
    start: "running",
    stop: "= installed",
    kill: "! start",
    restart: "running",
    pause: "! start",
    resume: "! start",
  },
  running: {
    start: "= running",
    stop: "stopped",
    kill: "stopped",
    restart: "running",
    pause: "paused",
    resume: "= running",
  },
  paused: {
    start: "! resume",
    stop: "stopped",
    kill: "stopped",
    restart: "running",
    pause: "= paused",
    resume: "running",
  },
  exited: {
    start: "running",
    stop: "= stopped",
    kill: "= stopped",
    restart: "running",
    pause: "! start",
    resume: "! start",
  },
};

for (const { product, packages, useEngine } of [
  { product: "Docker", packages: ["docker.io", "busybox-static"] as const, useEngine: useDockerEngine },
  { product: "Podman", packages: ["podman", "busybox-static"] as const, useEngine: usePodmanEngine },
]) {
  describeWith(packages, `${product}: what each action does in each state`, () => {
    const engine = useEngine();
    beforeAll(() => busyboxImage(engine.api, "localhost/service:1"));

    it.each(STATES)("%s", async (state) => {
      const target = openTarget({ url: engine.url });
      const { start, stop, pause, restart, kill, resume } = target.on("lifecycle");
      const acts = {
        start: () => start("web"),
        stop: () => stop("web", { timeoutSeconds: 3 }),
        kill: () => kill("web", {}),
        restart: () => restart("web", { timeoutSeconds: 3 }),
        pause: () => pause("web"),
        resume: () => resume("web"),
      };
      const found: Record<string, string> = {};
      for (const action of ACTIONS) {
        await target.install("localhost/service:1", { name: "web", start: false });
        if (state !== "created") await start("web");
        if (state === "paused") await pause("web");
        if (state === "exited") await stop("web", {});
        found[action] = await acts[action]().then(
          (result) => (result.changed ? result.state : `= ${result.state}`),
          (error) => `! ${error.details.allowed}`,
        );
        await target.on("removal").remove({ name: "web", purge: true, dryRun: false });
      }
      expect(found).toEqual(TABLE[state]);
    });

    it("of a plugin that is not there is an error that says so", async () => {
      const { start } = openTarget({ url: engine.url }).on("lifecycle");
      await expect(start("nothing")).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: 'no plugin "nothing" is installed on target "edge"',
      });
    });

    it("leaves containers of others alone, whatever they are called", async () => {
      const target = openTarget({ url: engine.url });
      const other = await engine.api.createContainer({
        name: "plugctl-theirs",
        Image: "localhost/service:1",
      });
      await expect(target.on("lifecycle").start("theirs")).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(target.install("localhost/service:1", { name: "theirs" })).rejects.toMatchObject({
        code: "CONFLICT",
      });
      await expect(
        target.on("removal").remove({ name: "theirs", purge: true, dryRun: false }),
      ).rejects.toMatchObject({ code: "NOT_FOUND" });
      expect(await target.on("listing").list()).toEqual([]);
      expect((await other.inspect()).State.Status).toBe("created");
    });
  });
}
