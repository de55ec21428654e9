import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { beforeAll, expect, it } from "vitest";
import { busyboxImage, pushImage } from "../../helpers/busybox-image.ts";
import { type ContainerTarget, openTarget } from "../../helpers/container-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { useRegistry } from "../../helpers/registry.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const quiet = () => undefined;

describeWith(["docker.io", "docker-registry", "busybox-static"], "backup and restore", () => {
  const engine = useDockerEngine();
  const elsewhere = useDockerEngine();
  const registry = useRegistry();
  let reference = "";

  beforeAll(async () => {
    reference = `${registry.host}/journal:1`;
    await busyboxImage(engine.api, reference, { changes: ["VOLUME /data"] });
    await pushImage(engine.api, reference);
  });

  const sh = async (target: ContainerTarget, name: string, script: string) => {
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    stdin.end();
    let text = "";
    stdout.on("data", (chunk) => {
      text += chunk;
    });
    const command = ["sh", "-c", script];
    await target.on("shell").shell({ name, command, tty: false, stdin, stdout, stderr: stdout });
    return text;
  };

  it("carries volumes, owners and settings to another engine, and refuses a damaged file", async () => {
    const here = openTarget({ url: engine.url });
    const there = openTarget({ url: elsewhere.url });
    const file = join(await makeTempDir(), "journal.tar");
    await here.install(reference, {
      name: "journal",
      settings: {
        env: { GREETING: "hi", SECRET_WORD: "x1" },
        volumes: ["notes:/notes"],
        memoryBytes: 32 << 20,
      },
    });
    await sh(
      here,
      "journal",
      "mkdir /data/d; echo one > /data/d/f; chown 7:8 /data/d/f /data; chmod 640 /data/d/f; echo two > /notes/n; " +
        `ln /data/d/f /data/hard; ln -s d/f /data/soft; echo long > /data/${"x".repeat(150)}`,
    );
    const saved = await here.on("safekeeping").backup({ name: "journal", file }, quiet);
    expect(saved).toMatchObject({ name: "journal", version: "1", file, volumes: ["/data", "/notes"] });
    expect((await here.on("listing").list())[0]?.state).toBe("running");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const damaged = join(await makeTempDir(), "damaged.tar");
    const bytes = await readFile(file);
    bytes[bytes.indexOf("one\n")] = 0x4f;
    await writeFile(damaged, bytes);
    await expect(
      there.on("safekeeping").restore({ file: damaged, replace: false }, quiet),
    ).rejects.toMatchObject({
      code: "VERIFICATION",
    });
    expect(await there.on("listing").list()).toEqual([]);
    await there.on("safekeeping").restore({ file, replace: false }, quiet);
    expect(await there.on("inspection").info({ name: "journal" })).toMatchObject({
      state: "running",
      version: "1",
    });
    expect(
      await sh(
        there,
        "journal",
        "cat /data/d/f /notes/n; stat -c '%u:%g %a' /data/d/f; echo $GREETING $SECRET_WORD; " +
          "stat -c '%u:%g %h' /data /data/hard; cat /data/soft /data/x*",
      ),
    ).toBe("one\ntwo\n7:8 640\nhi x1\n7:8 3\n7:8 2\none\nlong\n");
    expect(await there.on("settings").get("journal")).toMatchObject({ memoryBytes: 32 << 20 });
  });

  it("puts the state of then in place of the one of now, or leaves it alone", async () => {
    const here = openTarget({ url: engine.url });
    const folder = await makeTempDir();
    const file = join(folder, "box.tar");
    await here.install(reference, { name: "box" });
    await sh(here, "box", "echo then > /data/f");
    await here.on("safekeeping").backup({ name: "box", file }, quiet);
    await expect(here.on("safekeeping").backup({ name: "box", file }, quiet)).rejects.toMatchObject({
      code: "CONFLICT",
    });
    await sh(here, "box", "echo now > /data/f; touch /data/new");
    await expect(here.on("safekeeping").restore({ file, replace: false }, quiet)).rejects.toMatchObject({
      code: "CONFLICT",
    });
    await here.on("safekeeping").restore({ file, name: "copy", replace: false }, quiet);
    expect(await sh(here, "copy", "ls /data; cat /data/f")).toBe("f\nthen\n");
    expect(await sh(here, "box", "cat /data/f")).toBe("now\n");
    await here.on("safekeeping").restore({ file, replace: true }, quiet);
    expect(await sh(here, "box", "ls /data; cat /data/f")).toBe("f\nthen\n");
    expect(await readdir(folder)).toEqual(["box.tar"]);
  });

  it("data of an image's own volume outlives an update", async () => {
    const here = openTarget({ url: engine.url });
    await here.install(reference, { name: "own" });
    await sh(here, "own", "echo kept > /data/f");
    await here.on("settings").set({ name: "own", change: { env: { A: "b" } }, dryRun: false }, quiet);
    expect(await sh(here, "own", "cat /data/f; echo $A")).toBe("kept\nb\n");
  });
});
