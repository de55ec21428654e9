import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { notFoundError } from "../../../src/core/errors.ts";
import type { InstallationChange, InstallRequest } from "../../../src/core/installation.ts";
import { cliOver } from "../../helpers/fake-adapters.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

vi.mock("../../../src/adapters/index.ts", () => import("../../helpers/fake-adapters.ts"));

const change = (given: Partial<InstallationChange> & { name: string }): InstallationChange => ({
  version: "1.0.0",
  previousVersion: null,
  state: "running",
  changed: true,
  warnings: [],
  plan: [],
  ...given,
});

async function recording() {
  const requests: InstallRequest[] = [];
  const cli = await cliOver({
    installation: {
      install: async (request) => {
        requests.push(request);
        return change({ name: request.name ?? "x", plan: request.dryRun ? ["pull nginx", "start it"] : [] });
      },
    },
  });
  return { requests, cli };
}

describe("install", () => {
  it("hands sources and settings over in their own units", async () => {
    const { requests, cli } = await recording();
    const line =
      "install image:nginx:1.27 --name web -e A=1,2 -e B= --volume data:/data:ro -p 127.0.0.1:8080:80 " +
      "--memory 512m --cpus 0.5 --pids 100 --restart unless-stopped --replicas 3 --no-start --build";
    const { code, stdout } = await cli(line);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/edge:web 1\.0\.0 is running\n$/)]);
    expect(requests).toEqual([
      {
        source: { type: "image", reference: "nginx:1.27" },
        name: "web",
        settings: {
          env: { A: "1,2", B: "" },
          volumes: ["data:/data:ro"],
          ports: ["127.0.0.1:8080:80"],
          memoryBytes: 536_870_912,
          cpus: 0.5,
          pids: 100,
          restart: "unless-stopped",
          replicas: 3,
        },
        build: true,
        start: false,
        replace: false,
        dryRun: false,
      },
    ]);
  });

  it("starts what it installs unless told not to, and takes the target from the reference", async () => {
    const { requests, cli } = await recording();
    expect((await cli("install lab:grafana@11")).stdout).toContain("lab:x");
    expect(requests[0]).toMatchObject({
      source: { type: "market", name: "grafana", version: "11" },
      settings: {},
      start: true,
      build: false,
    });
  });

  it("passes on variables of its own environment, of a file and of stdin; single ones win over the file", async () => {
    const { requests, cli } = await recording();
    const folder = await makeTempDir();
    await writeFile(join(folder, "vars"), "# comment\nA=file\nB='quoted value'\n");
    await cli("install x -e A -e C=c --env-file vars", { cwd: folder, env: { A: "mine" } });
    await cli("install x --env-file -", { stdin: "SECRET=s3cret\n" });
    expect(requests.map(({ settings }) => settings.env)).toEqual([
      { A: "mine", B: "quoted value", C: "c" },
      { SECRET: "s3cret" },
    ]);
  });

  it.each([
    ["install x -e NOT_SET_HERE", "no such variable"],
    ["install x -e 1A=s3cret", "a variable's name"],
    ["install x --volume ../up:/data", "--volume"],
    ["install x --volume data:relative", "--volume"],
    ["install x -p 80", "--publish"],
    ["install x -p 0:80", "--publish"],
    ["install x -p 99999:80", "--publish"],
    ["install x --memory 1k", "at least 6m"],
    ["install x --cpus 0", "number of processors"],
    ["install x --restart sometimes", "always"],
    ["install x --env-file nowhere", "cannot read"],
    ["install x y --name z", "--name fits one plugin"],
    ["install unknown:@acme/x", 'no target is called "unknown"'],
  ])("%s is a usage error", async (line, words) => {
    const { requests, cli } = await recording();
    const { code, stderr } = await cli(line);
    expect([code, requests]).toEqual([2, []]);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("s3cret");
  });

  it("takes a folder with a plugin beside a plugin of the same name for two things", async () => {
    const { cli } = await recording();
    const folder = await makeTempDir();
    await mkdir(join(folder, "grafana"));
    expect((await cli("install grafana", { cwd: folder })).code).toBe(0);
    await writeFile(join(folder, "grafana", "plugin.json"), "{}");
    const { code, stderr } = await cli("install grafana", { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain("write market:grafana or ./grafana");
    expect((await cli("install ./grafana", { cwd: folder })).code).toBe(0);
  });

  it("shows the plan of a dry run as steps to people and as a list to scripts", async () => {
    const { cli } = await recording();
    expect((await cli("install web --dry-run")).stdout).toContain("\n  1. pull nginx\n  2. start it\n");
    expect(JSON.parse((await cli("install web --dry-run -o json")).stdout)).toMatchObject({
      target: "edge",
      plan: ["pull nginx", "start it"],
    });
  });

  it("says on stderr what could not be honoured, without what could steer the terminal", async () => {
    const cli = await cliOver({
      installation: { install: async () => change({ name: "x", warnings: ["no \u001b[31mdatabase"] }) },
    });
    const { code, stderr } = await cli("install x");
    expect(code).toBe(0);
    expect(stderr).toContain("no [31mdatabase");
  });

  it("goes on with the next source when one fails", async () => {
    const cli = await cliOver({
      installation: {
        install: async ({ source }) => {
          if (source.type === "market" && source.name === "b") throw notFoundError("no b");
          return change({ name: "c" });
        },
      },
    });
    const { code, stdout } = await cli("install b c -o json");
    expect(code).toBe(8);
    expect(JSON.parse(stdout)).toMatchObject([{ error: { code: "NOT_FOUND" } }, { name: "c", error: null }]);
  });
});

const OUTDATED = [
  { name: "a", version: "1", latest: "2", digestChanged: false, problem: null },
  { name: "b", version: "1", latest: "1", digestChanged: false, problem: null },
];

describe("update and outdated", () => {
  it("end with 10 when something is outdated, only when asked to", async () => {
    const cli = await cliOver({ installation: { outdated: async () => OUTDATED } });
    expect((await cli("outdated -t edge")).stdout).toBe("edge\ta\t1\t2\t\n");
    expect((await cli("outdated -t edge")).code).toBe(0);
    expect((await cli("outdated -t edge --exit-code")).code).toBe(10);
    const none = await cliOver({ installation: { outdated: async () => [] } });
    const { code, stdout, stderr } = await none("outdated --exit-code");
    expect([code, stdout, stderr]).toEqual([0, "", "everything is up to date\n"]);
  });

  it("say with exit code 8 of which plugins it cannot be told", async () => {
    const unknown = { name: "c", version: "1", latest: null, digestChanged: false, problem: "no answer" };
    const cli = await cliOver({ installation: { outdated: async () => [...OUTDATED, unknown] } });
    const { code, stdout, stderr } = await cli("outdated -t edge -o name");
    expect([code, stdout]).toEqual([8, "edge:a\n"]);
    expect(stderr).toContain("edge:c: no answer");
  });

  it("--check looks only at the plugins that were named, which must be there", async () => {
    const cli = await cliOver({ installation: { outdated: async () => OUTDATED } });
    expect((await cli("update a --check --exit-code -o name")).stdout).toBe("edge:a\n");
    expect((await cli("update b --check --exit-code")).code).toBe(0);
    expect((await cli("update typo --check --exit-code")).code).toBe(3);
  });

  it("--all updates what is outdated on every target and tells from what to what", async () => {
    const updated: unknown[] = [];
    const cli = await cliOver({
      installation: {
        outdated: async () => OUTDATED,
        update: async (request) => {
          updated.push(request);
          return change({ name: request.name, version: "2", previousVersion: "1" });
        },
      },
    });
    const { code, stdout } = await cli("update --all");
    expect([code, stdout]).toEqual([0, "edge\ta\t2\t1\trunning\ttrue\nlab\ta\t2\t1\trunning\ttrue\n"]);
    await cli("update lab:a@2.1");
    expect(updated.at(-1)).toEqual({ name: "a", version: "2.1", dryRun: false });
  });

  it.each(["update", "update a --all", "update a --exit-code"])("%s is a usage error", async (line) => {
    const cli = await cliOver({ installation: { outdated: async () => [] } });
    expect((await cli(line)).code).toBe(2);
  });

  it("rollback says where it came from", async () => {
    const cli = await cliOver({
      installation: { rollback: async ({ name }) => change({ name, version: "1", previousVersion: "2" }) },
    });
    expect((await cli("rollback a")).stdout).toContain("edge:a 1 (was 2) is running");
  });
});
