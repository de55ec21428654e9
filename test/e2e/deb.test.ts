import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { BuiltServer, runBuilt } from "../helpers/built-plugctl.ts";
import { describeWith } from "../helpers/debian-programs.ts";
import { writeFiles } from "../helpers/plugin-folder.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** A plugin that puts its greeting into `/opt/<name>/greeting`; each of its steps says so. */
const pluginFiles = (name: string, version: string, { greeting = version, more = "" } = {}) => ({
  "wazo/plugin.yml": `namespace: acme\nname: ${name}\nversion: "${version}"\nplugin_format_version: 1\n${more}`,
  "wazo/rules": `#!/bin/sh
set -e
echo "this is $1"
case "$1" in
  build) test "${greeting}" != broken || { echo "nothing to say" >&2; exit 3; } ;;
  package) mkdir -p "$pkgdir/opt/${name}"; echo "${greeting}" > "$pkgdir/opt/${name}/greeting" ;;
esac
`,
});

describeWith(["apt"], "plugins as Debian packages", () => {
  let folder: string;
  let repository: string;
  let servers: BuiltServer[];
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
    repository = join(folder, "hello");
    await commit("1.0.0", { tag: "v1" });
    const market = join(folder, "market.json");
    const versions = ["v2", "v1"].map((ref) => ({
      ...{ version: ref === "v1" ? "1.0.0" : "2.0.0", method: "git" },
      options: { url: repository, ref },
    }));
    const item = { namespace: "acme", name: "hello", display_name: "Hello", tags: ["greeting"], versions };
    await writeFile(market, JSON.stringify({ items: [item] }));
    const args = ["--only", "store,deb", "--deb-market", market];
    servers = await Promise.all([0, 1, 2].map(() => BuiltServer.start({ args })));
    env = (servers[0] as BuiltServer).env;
    await plugctl("target", "use", "local-deb");
    for (const [index, server] of servers.entries()) {
      const name = `host${index}`;
      await plugctl("target", "add", name, "--kind", "deb", "--url", server.http);
      const login = ["login", "-t", name, "--token-stdin"];
      await runBuilt(login, { env, cwd: folder, stdin: server.token });
    }
    await plugctl("target", "remove", "local-deb", "--yes");
  });

  afterAll(async () => {
    for (const server of servers ?? []) await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (...args: string[]) => runBuilt(args, { env, cwd: folder });

  /** A command that must succeed. */
  async function plugctl(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await run(...args);
    if (exitCode !== 0) throw new Error(`plugctl ${args.join(" ")} ended with ${exitCode}: ${stderr}`);
    return stdout;
  }

  const json = async (...args: string[]) => JSON.parse(await plugctl(...args, "-o", "json"));

  async function commit(version: string, options: { tag?: string; greeting?: string } = {}): Promise<void> {
    await writeFiles(repository, pluginFiles("hello", version, options));
    await chmod(join(repository, "wazo/rules"), 0o755);
    const git = (...words: string[]) =>
      execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...words], {
        cwd: repository,
        stdio: "pipe",
      });
    git("init", "--quiet", "--initial-branch=master");
    git("add", "--all");
    git("commit", "--quiet", "--message=x");
    if (options.tag !== undefined) git("tag", options.tag);
  }

  const fileOn = (index: number, path: string) => join(servers[index]?.folder ?? "", "data/deb/root", path);
  const greetingOn = async (index: number) =>
    (await readFile(fileOn(index, "opt/hello/greeting"), "utf8")).trim();

  it("are installed from a repository, step by step, and told of", async () => {
    const { exitCode, stdout, stderr } = await run("install", `host0:git:${repository}#v1`);
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringMatching(/host0:acme\/hello 1\.0\.0 is installed\n$/),
    ]);
    for (const step of [
      "building acme/hello 1.0.0",
      "packaging acme/hello 1.0.0",
      "installing wazo-plugind-hello-acme",
    ])
      expect(stderr).toContain(step);
    expect(await greetingOn(0)).toBe("1.0.0");
    expect(await json("list", "-t", "host0")).toMatchObject([
      { target: "host0", kind: "deb", name: "acme/hello", version: "1.0.0", state: "installed" },
    ]);
    expect(await json("info", "host0:acme/hello")).toMatchObject({
      package: "wazo-plugind-hello-acme",
      origin: { type: "git", url: repository, ref: "v1" },
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
    expect(await json("search", "hello", "-t", "host0", "--category", "greeting")).toMatchObject([
      { name: "acme/hello", state: "installed", installedVersion: "1.0.0" },
    ]);
    expect(await json("install", `host0:git:${repository}#v1`)).toMatchObject({ changed: false });
  });

  it("are updated to what the market has, after a plan, and rolled back", async () => {
    await commit("2.0.0", { tag: "v2" });
    expect((await run("outdated", "-t", "host0", "--exit-code")).exitCode).toBe(10);
    const planned = await json("update", "host0:acme/hello", "--dry-run");
    expect(planned).toMatchObject({ changed: false, version: "2.0.0", previousVersion: "1.0.0" });
    expect(planned.plan).toEqual(["build acme/hello 2.0.0", "install acme/hello 2.0.0 (now 1.0.0)"]);
    expect(await greetingOn(0)).toBe("1.0.0");
    expect(await plugctl("update", "--all", "-t", "host0")).toContain("acme/hello 2.0.0 (was 1.0.0)");
    expect(await greetingOn(0)).toBe("2.0.0");
    expect(await plugctl("rollback", "host0:acme/hello")).toContain("acme/hello 1.0.0 (was 2.0.0)");
    expect(await greetingOn(0)).toBe("1.0.0");
    expect(await plugctl("update", "host0:acme/hello@2.0.0")).toContain("2.0.0 (was 1.0.0)");
    expect(await plugctl("outdated", "-t", "host0")).toBe("");
  });

  it("whose steps fail change nothing; the error says which step, and the log what it wrote", async () => {
    await commit("3.0.0", { greeting: "broken" });
    const failed = await run("install", `host0:git:${repository}`, "-o", "json");
    expect(failed.exitCode).toBe(2);
    const { error } = JSON.parse(failed.stderr.trim().split("\n").at(-1) ?? "");
    expect(error).toMatchObject({ code: "ERR_PLUGCTL_INVALID", details: { step: "building" } });
    expect(await greetingOn(0)).toBe("2.0.0");
    const log = await plugctl("logs", `host0:${error.details.operation}`);
    expect(log).toContain("nothing to say");
    expect(await plugctl("logs", "host0:acme/hello", "-f")).toBe(log);
    const [last, before] = await json("history", "host0:acme/hello");
    expect(last).toMatchObject({ action: "install", state: "failed", version: "3.0.0" });
    expect(before).toMatchObject({ action: "install", state: "succeeded", version: "2.0.0", actor: "admin" });
    await commit("3.0.0");
  });

  it("are verified file by file", async () => {
    expect((await run("verify", "host0:acme/hello")).exitCode).toBe(0);
    await appendFile(fileOn(0, "opt/hello/greeting"), "changed");
    const { exitCode, stdout } = await run("verify", "-t", "host0", "-o", "json");
    expect(exitCode).toBe(9);
    expect(JSON.parse(stdout)).toMatchObject([
      { name: "acme/hello", ok: false, problems: [{ path: "/opt/hello/greeting", problem: "changed" }] },
    ]);
    await plugctl("install", "host0:acme/hello@2.0.0", "--replace");
    expect((await run("verify", "-t", "host0")).exitCode).toBe(0);
  });

  it("are installed from a folder, with what they need, and removed with it", async () => {
    const child = join(folder, "child");
    const more = "depends: [{namespace: acme, name: hello}]\n";
    await writeFiles(child, pluginFiles("child", "0.1", { more }));
    await chmod(join(child, "wazo/rules"), 0o755);
    expect(await plugctl("install", "host0:./child")).toContain("acme/child 0.1 is installed");
    const refused = await run("remove", "host0:acme/hello", "--yes");
    expect([refused.exitCode, refused.stderr]).toEqual([5, expect.stringContaining("child")]);
    const removal = ["remove", "host0:acme/hello", "--dependents", "--yes"];
    expect(await json(...removal, "--dry-run")).toHaveLength(2);
    const removed = (await json(...removal)).map(({ name }: { name: string }) => name).sort();
    expect(removed).toEqual(["acme/child", "acme/hello"]);
    expect(await json("list", "-t", "host0")).toEqual([]);
    await expect(greetingOn(0)).rejects.toThrow("ENOENT");
  });

  it("are brought to several hosts at once; a row says what came of each, and 8 that one failed", async () => {
    const installed = await json(
      "install",
      `git:${repository}#v2`,
      "-t",
      "host0,host1,host2",
      "--parallel",
      "2",
    );
    expect(installed.map(({ target, version }: Record<string, unknown>) => [target, version])).toEqual(
      ["host0", "host1", "host2"].map((name) => [name, "2.0.0"]),
    );
    expect(await Promise.all([0, 1, 2].map(greetingOn))).toEqual(["2.0.0", "2.0.0", "2.0.0"]);
    await plugctl("remove", "host1:acme/hello", "--yes");
    const { exitCode, stdout } = await run(
      "update",
      "acme/hello@1.0.0",
      "-t",
      "host0,host1,host2",
      "-o",
      "json",
    );
    expect(exitCode).toBe(8);
    expect(JSON.parse(stdout)).toMatchObject([
      { target: "host0", version: "1.0.0", previousVersion: "2.0.0", error: null },
      { target: "host1", error: { code: "NOT_FOUND" } },
      { target: "host2", version: "1.0.0", error: null },
    ]);
    const rolledBack = await run("rollback", "acme/hello", "-t", "host0,host2", "-o", "name");
    expect(rolledBack.stdout).toBe("host0:acme/hello\nhost2:acme/hello\n");
  });

  describe("and a document of what a host has", () => {
    it("brings others to it, commit by commit, and takes out what is not in it", async () => {
      await plugctl("install", `host0:git:${repository}#v1`, "--replace");
      await plugctl("export", "--all", "-t", "host0", "-f", "host0.yaml");
      expect(await readFile(join(folder, "host0.yaml"), "utf8")).toMatch(
        /source: git:.*\/hello#[0-9a-f]{40}\n\s+digest: tree-sha256:/,
      );
      await writeFiles(join(folder, "other"), pluginFiles("other", "1"));
      await chmod(join(folder, "other/wazo/rules"), 0o755);
      await plugctl("install", "host1:./other");
      const plan = await run(
        "plan",
        "host0.yaml",
        "-t",
        "host1,host2",
        "--prune",
        "--exit-code",
        "-o",
        "json",
      );
      expect(plan.exitCode).toBe(10);
      expect(JSON.parse(plan.stdout)).toMatchObject([
        { target: "host1", name: "acme/hello", action: "install", version: "1.0.0" },
        { target: "host1", name: "acme/other", action: "remove", previousVersion: "1" },
        { target: "host2", name: "acme/hello", action: "change", version: "1.0.0", previousVersion: "2.0.0" },
      ]);
      await plugctl("apply", "host0.yaml", "-t", "host1,host2", "--prune", "--yes");
      expect(await Promise.all([0, 1, 2].map(greetingOn))).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
      expect(await json("list", "-t", "host1")).toHaveLength(1);
      const done = await run("plan", "host0.yaml", "-t", "host1,host2", "--prune", "--exit-code");
      expect([done.exitCode, done.stdout]).toEqual([0, ""]);
    });

    it("whose digest does not hold is refused, and what came is taken back", async () => {
      const text = await readFile(join(folder, "host0.yaml"), "utf8");
      await writeFile(join(folder, "forged.yaml"), text.replace(/tree-sha256:.{8}/, "tree-sha256:00000000"));
      await plugctl("remove", "host1:acme/hello", "--yes");
      const fresh = await run("apply", "forged.yaml", "-t", "host1");
      expect([fresh.exitCode, fresh.stderr]).toEqual([
        9,
        expect.stringContaining("is not what the document says"),
      ]);
      expect(await json("list", "-t", "host1")).toEqual([]);
      await plugctl("install", "host2:acme/hello@2.0.0");
      expect((await run("apply", "forged.yaml", "-t", "host2")).exitCode).toBe(9);
      expect(await greetingOn(2)).toBe("2.0.0");
    });
  });

  it("come out of the APT repository that the server makes of them", async () => {
    expect(await json("deb", "repo", "list", "-t", "host0")).toContainEqual(
      expect.objectContaining({ package: "wazo-plugind-hello-acme", version: "2.0.0" }),
    );
    expect((await json("deb", "repo", "key", "-t", "host0")).fingerprint).toMatch(/^[0-9A-F]{40}/);
  });
});
