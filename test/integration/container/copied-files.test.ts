import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { beforeAll, expect, it } from "vitest";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { type ContainerTarget, openTarget } from "../../helpers/container-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { execIn } from "../../helpers/exec.ts";
import { makePluginFolder } from "../../helpers/marketplace-entry.ts";
import { usePodmanEngine } from "../../helpers/podman-engine.ts";

const quiet = () => undefined;

describeWith(["docker.io", "busybox-static"], "files of an entry in volumes, on Docker", () => {
  keepsChangedFiles(useDockerEngine());
});

describeWith(["podman", "busybox-static"], "files of an entry in volumes, on Podman", () => {
  keepsChangedFiles(usePodmanEngine());
});

function keepsChangedFiles(engine: { url: string; api: Docker }): void {
  beforeAll(async () => {
    for (const tag of ["1", "2", "3"]) await busyboxImage(engine.api, `localhost/notes:${tag}`);
    await busyboxImage(engine.api, "localhost/notes:4", { program: "failing" });
  });

  it("replaces what nobody changed, keeps what somebody did, and says so", async () => {
    const folder = await notes("1", { "a.yml": "a1", "b.yml": "b1", "sub/c.yml": "c1", "d.yml": "d1" });
    const target = openTarget({ url: engine.url });
    await install(target, folder);
    await exec(target, "echo mine > /etc/notes/b.yml; rm /etc/notes/d.yml; echo own > /etc/notes/own.yml");
    await revise(folder, "2", { "a.yml": "a2", "b.yml": "b2", "d.yml": "d2", "e.yml": "e2" });
    const { warnings, changed } = await target
      .on("installation")
      .update({ name: "notes", dryRun: false }, quiet);
    expect(changed).toBe(true);
    expect(warnings).toEqual([
      "/etc/notes/b.yml is not as it was copied, and is kept; the new one is beside it: b.yml.plugctl-new",
      "/etc/notes/d.yml was removed since it was copied, and is not put back",
    ]);
    expect(await files(target)).toEqual({
      "a.yml": "a2",
      "b.yml": "mine\n",
      "b.yml.plugctl-new": "b2",
      "e.yml": "e2",
      "own.yml": "own\n",
      "sub/c.yml": "c1",
    });
    await target.on("settings").set({ name: "notes", change: { env: { A: "1" } }, dryRun: false }, quiet);
    await revise(folder, "3", { "a.yml": "a3" });
    const next = await target.on("installation").update({ name: "notes", dryRun: false }, quiet);
    expect(next.warnings).toEqual([]);
    expect(await files(target)).toMatchObject({ "a.yml": "a3", "b.yml": "mine\n", "e.yml": "e2" });
    await target.on("removal").remove({ name: "notes", purge: true, dryRun: false });
  });

  it("puts back what it replaced when the new version does not come up", async () => {
    const folder = await notes("1", { "a.yml": "a1" });
    const target = openTarget({ url: engine.url });
    await install(target, folder);
    await revise(folder, "4", { "a.yml": "a4" });
    await expect(
      target.on("installation").update({ name: "notes", dryRun: false }, quiet),
    ).rejects.toMatchObject({ code: "BACKEND" });
    expect(await files(target)).toEqual({ "a.yml": "a1" });
    await target.on("removal").remove({ name: "notes", purge: true, dryRun: false });
  });

  it("keeps what an earlier installation left changed in its volumes", async () => {
    const folder = await notes("1", { "a.yml": "a1", "b.yml": "b1" });
    const target = openTarget({ url: engine.url });
    await install(target, folder);
    await exec(target, "echo mine > /etc/notes/b.yml");
    await target.on("removal").remove({ name: "notes", purge: false, dryRun: false });
    expect((await install(target, folder)).warnings).toEqual([
      "/etc/notes/b.yml is not as it was copied, and is kept; the new one is beside it: b.yml.plugctl-new",
    ]);
    expect(await files(target)).toEqual({ "a.yml": "a1", "b.yml": "mine\n", "b.yml.plugctl-new": "b1" });
    await target.on("removal").remove({ name: "notes", purge: true, dryRun: false });
  });

  it("updates when only the files are new", async () => {
    const folder = await notes("1", { "a.yml": "a1" });
    const target = openTarget({ url: engine.url });
    await install(target, folder);
    const update = () => target.on("installation").update({ name: "notes", dryRun: false }, quiet);
    expect(await update()).toMatchObject({ changed: false });
    await writeFile(join(folder, "config/a.yml"), "other");
    expect(await update()).toMatchObject({ changed: true });
    expect(await files(target)).toEqual({ "a.yml": "other" });
    await target.on("removal").remove({ name: "notes", purge: true, dryRun: false });
  });
}

const entry = (version: string) => ({
  name: "notes",
  version,
  task: {
    type: "docker",
    image: "localhost/notes",
    user: "0:0",
    volumes: [{ source: "config", target: "/etc/notes", description: "settings" }],
    copy: { config: "config" },
  },
});

const inConfig = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`config/${path}`, text]));

const notes = (version: string, files: Readonly<Record<string, string>>) =>
  makePluginFolder(entry(version), inConfig(files));

/** The next version of an entry, in its folder. */
async function revise(folder: string, version: string, files: Readonly<Record<string, string>>) {
  const next = await notes(version, files);
  await cp(next, folder, { recursive: true, force: true });
}

const install = (target: ContainerTarget, path: string) =>
  target
    .on("installation")
    .install(
      { source: { type: "path", path }, settings: {}, build: false, start: true, dryRun: false },
      quiet,
    );

const exec = (target: ContainerTarget, script: string) => execIn(target, "notes", script);

/** Everything in the volume, by path. */
async function files(target: ContainerTarget): Promise<Record<string, string>> {
  const listing = await exec(target, "cd /etc/notes; find . -type f");
  const paths = listing.trim().split("\n").sort();
  const contents = await Promise.all(paths.map((path) => exec(target, `cat /etc/notes/${path}`)));
  return Object.fromEntries(paths.map((path, index) => [path.slice(2), contents[index] ?? ""]));
}
