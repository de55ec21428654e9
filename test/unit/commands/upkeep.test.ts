import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { notFoundError } from "../../../src/core/errors.ts";
import type { PluginAccess } from "../../../src/core/observation.ts";
import type { SettingsChange } from "../../../src/core/settings.ts";
import { cliOver } from "../../helpers/fake-adapters.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

vi.mock("../../../src/adapters/index.ts", () => import("../../helpers/fake-adapters.ts"));

describe("set", () => {
  it("sets, unsets and limits in one change", async () => {
    const changes: SettingsChange[] = [];
    const cli = await cliOver({
      settings: {
        set: async ({ name, change }) => {
          changes.push(change);
          return { name, changed: true, state: "running", plan: [] };
        },
      },
    });
    const { code, stdout } = await cli("set a A=1 B=x=y --unset C --memory 64m");
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining("edge:a has its new settings and is running"),
    ]);
    expect(changes).toEqual([{ env: { A: "1", B: "x=y", C: null }, memoryBytes: 67_108_864 }]);
  });

  it("shows what a dry run would do, and the settings when there is nothing to change", async () => {
    const settings = {
      name: "a",
      env: { A: "1" },
      volumes: ["data:/data"],
      ports: [],
      memoryBytes: null,
      cpus: null,
      pids: null,
      restart: "no",
    };
    const cli = await cliOver({
      settings: {
        get: async () => settings,
        set: async ({ name }) => ({
          name,
          changed: true,
          state: "running",
          plan: ["+ A=1", "create it anew"],
        }),
      },
    });
    expect((await cli("set a A=1 --dry-run")).stdout).toContain("\n  1. + A=1\n  2. create it anew\n");
    expect(JSON.parse((await cli("set a -o json")).stdout)).toEqual({
      target: "edge",
      kind: "container",
      ...settings,
    });
  });

  it.each(["set a A", "set a A=1 --unset A", "set a 1=2"])("%s is a usage error", async (line) => {
    const cli = await cliOver({ settings: {} });
    expect((await cli(line)).code).toBe(2);
  });
});

describe("access", () => {
  const access = (given: Partial<PluginAccess> = {}): PluginAccess => ({
    name: "a",
    access: "public",
    url: "http://127.0.0.1:7400/p/a/",
    authenticates: false,
    warnings: [],
    ...given,
  });

  it("is opened only after a confirmation, with the reservation that --force lifts", async () => {
    const seen: unknown[] = [];
    const cli = await cliOver({
      access: {
        set: async (...request) => {
          seen.push(request);
          return access({ warnings: ["it seems to have no login"] });
        },
      },
    });
    expect((await cli("access public a")).code).toBe(2);
    expect(seen).toEqual([]);
    const { stdout, stderr } = await cli("access public a --force --yes");
    expect(stdout).toContain("edge:a is public at http://127.0.0.1:7400/p/a/");
    expect(stderr).toContain("it seems to have no login");
    await cli("access private a");
    expect(seen).toEqual([
      ["a", "public", { force: true }],
      ["a", "private", { force: false }],
    ]);
  });

  it("open prints the address alone in a pipe, and refuses what has none", async () => {
    const cli = await cliOver({
      access: { get: async (name) => access(name === "a" ? {} : { url: null }) },
    });
    expect((await cli("open a")).stdout).toBe("http://127.0.0.1:7400/p/a/\n");
    expect(JSON.parse((await cli("open a -o json")).stdout)).toMatchObject({ target: "edge", name: "a" });
    expect((await cli("open b")).code).toBe(3);
  });

  it("open starts the user's browser on a terminal, but not for what is no web address", async () => {
    const folder = await makeTempDir();
    const browser = join(folder, "browser");
    await writeFile(
      browser,
      `#!/bin/sh\necho "$1" > ${folder}/opened.tmp && mv ${folder}/opened.tmp ${folder}/opened\n`,
      {
        mode: 0o755,
      },
    );
    const cli = await cliOver({
      access: { get: async (name) => access(name === "a" ? {} : { url: "file:///etc/passwd" }) },
    });
    const env = { BROWSER: browser, PATH: process.env.PATH };
    const refused = await cli("open b", { tty: true, env });
    expect(refused.stderr).toContain("is no address of the web");
    await cli("open a", { tty: true, env });
    const { readFile } = await import("node:fs/promises");
    await expect
      .poll(() => readFile(join(folder, "opened"), "utf8").catch(() => ""))
      .toBe("http://127.0.0.1:7400/p/a/\n");
  });
});

describe("backup and restore", () => {
  const summary = { name: "a", version: "1", file: "", sizeBytes: 1500, sha256: "0", volumes: ["data"] };

  it("name files from where the command was typed, and spare one that exists", async () => {
    const files: string[] = [];
    const cli = await cliOver({
      safekeeping: {
        backup: async ({ file }) => {
          files.push(file);
          return { ...summary, file };
        },
      },
    });
    const cwd = await makeTempDir();
    expect((await cli("backup a a.tar", { cwd })).stdout).toContain("saved edge:a to a.tar (1.5 kB)");
    await writeFile(join(cwd, "a.tar"), "");
    expect((await cli("backup a a.tar", { cwd })).code).toBe(5);
    await cli("backup a a.tar --overwrite", { cwd });
    expect(files).toEqual([join(cwd, "a.tar"), join(cwd, "a.tar")]);
  });

  it("replacing is confirmed", async () => {
    const seen: unknown[] = [];
    const cli = await cliOver({
      safekeeping: {
        restore: async (request) => {
          seen.push(request);
          return summary;
        },
      },
    });
    expect((await cli("restore a.tar --replace")).code).toBe(2);
    const { stdout } = await cli("restore /b/a.tar --replace --name c -t lab --yes");
    expect(stdout).toContain("restored lab:a from /b/a.tar");
    expect(seen).toEqual([{ file: "/b/a.tar", name: "c", replace: true }]);
  });
});

describe("container images and prune", () => {
  it("prune tells what it would delete, and deletes only after a confirmation", async () => {
    const runs: boolean[] = [];
    const cli = await cliOver({
      images: {
        prune: async ({ dryRun }) => {
          runs.push(dryRun);
          return { removed: ["nginx:1.27"], freedBytes: 2_000_000 };
        },
      },
    });
    expect((await cli("container prune --dry-run")).stdout).toContain(
      "1 image (2.0 MB) would be deleted: nginx",
    );
    expect((await cli("container prune")).code).toBe(2);
    expect(runs).toEqual([true, true]);
    expect((await cli("container prune -y")).stdout).toContain("deleted 1 image (2.0 MB)");
    expect(runs.at(-1)).toBe(false);
  });

  it("images are listed with the plugins that use them", async () => {
    const image = {
      reference: "nginx:1.27",
      digest: "sha256:0",
      sizeBytes: 1,
      createdAt: "2026-01-01T00:00:00Z",
      usedBy: ["a", "b"],
    };
    const cli = await cliOver({ images: { images: async () => [image] } });
    expect((await cli("container images")).stdout).toBe(
      "nginx:1.27\tsha256:0\t1\t2026-01-01T00:00:00Z\ta, b\n",
    );
  });
});

describe("remove", () => {
  const removal = {
    describe: () => "it goes",
    remove: async ({ name }: { name: string }) => {
      if (name === "gone") throw notFoundError("there is no plugin gone");
      return [{ name, version: "1", state: "removed" }];
    },
  };

  it("shows what was removed beside what could not be, with exit code 8", async () => {
    const cli = await cliOver({ removal });
    const { code, stdout } = await cli("remove a gone lab:b -y -o json");
    expect(code).toBe(8);
    expect(JSON.parse(stdout)).toMatchObject([
      { target: "edge", name: "a", error: null },
      { name: "gone", error: { code: "NOT_FOUND" } },
      { target: "lab", name: "b", error: null },
    ]);
  });

  it("passes over what is not there when told to", async () => {
    const cli = await cliOver({ removal });
    expect((await cli("remove gone -y")).code).toBe(3);
    expect(await cli("remove gone -y --ignore-not-found")).toMatchObject({ code: 0, stdout: "" });
    expect((await cli("remove a gone -y --ignore-not-found -o name")).stdout).toBe("edge:a@1\n");
  });
});
