import { join } from "node:path";
import type Docker from "dockerode";
import { beforeAll, expect, it } from "vitest";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { openTarget } from "../../helpers/container-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { execIn } from "../../helpers/exec.ts";
import { usePodmanEngine } from "../../helpers/podman-engine.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const quiet = () => undefined;
const secret = (text: string) => Buffer.from(text);

describeWith(["docker.io", "busybox-static"], "secrets on Docker", () => {
  keepsSecrets(useDockerEngine());
});

describeWith(["podman", "busybox-static"], "secrets on Podman", () => {
  keepsSecrets(usePodmanEngine());
});

function keepsSecrets(engine: { url: string; api: Docker }): void {
  beforeAll(() => busyboxImage(engine.api, "localhost/service:1"));

  it("are files that inspect does not show, over restarts, changes, rollbacks and backups", async () => {
    const target = openTarget({ url: engine.url });
    const { get, set } = target.on("settings");
    const read = () => execIn(target, "vault", "cd /run/secrets; for f in *; do echo $f: $(cat $f); done");
    await target.install("localhost/service:1", {
      name: "vault",
      settings: { secrets: { password: secret("hunter2"), key: secret("k1") } },
    });
    expect(await read()).toBe("key: k1\npassword: hunter2\n");
    const shown = JSON.stringify(await engine.api.getContainer("plugctl-vault").inspect());
    expect(shown).toContain("password");
    expect(shown).not.toMatch(/hunter2|aHVudGVyMg/);
    await target.on("lifecycle").restart("vault", { timeoutSeconds: 1 });
    expect(await read()).toBe("key: k1\npassword: hunter2\n");
    const change = { secrets: { key: secret("k2") }, env: { A: "b" } };
    expect(await set({ name: "vault", change, dryRun: false }, quiet)).toMatchObject({
      plan: expect.arrayContaining(["set the secret key"]),
    });
    expect(await read()).toBe("key: k2\npassword: hunter2\n");
    expect(await get("vault")).toMatchObject({ secrets: ["key", "password"] });
    await target.on("installation").rollback({ name: "vault", dryRun: false }, quiet);
    expect(await read()).toBe("key: k1\npassword: hunter2\n");
    await set({ name: "vault", change: { secrets: { key: null } }, dryRun: false }, quiet);
    expect(await read()).toBe("password: hunter2\n");
    const file = join(await makeTempDir(), "vault.tar");
    await target.on("safekeeping").backup({ name: "vault", file }, quiet);
    await target.on("removal").remove({ name: "vault", purge: true, dryRun: false });
    await target.on("safekeeping").restore({ file, replace: false }, quiet);
    expect(await read()).toBe("password: hunter2\n");
    await target.on("removal").remove({ name: "vault", purge: true, dryRun: false });
  });
}
