import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BuiltServer, LAUNCHER, runBuilt } from "../helpers/built-plugctl.ts";
import { describeWith } from "../helpers/debian-programs.ts";
import { writeFiles } from "../helpers/plugin-folder.ts";
import { pluginFiles } from "../helpers/plugin-repository.ts";

const PAGE = new URL("../../docs/deb.md", import.meta.url);

const GIT_USER = {
  GIT_AUTHOR_NAME: "Ann",
  GIT_AUTHOR_EMAIL: "ann@example.com",
  GIT_COMMITTER_NAME: "Ann",
  GIT_COMMITTER_EMAIL: "ann@example.com",
};

/** Runs a block of a shell in which `plugctl` is the built program; it ends at the first line that fails. */
function inShell(block: string, { env, folder: cwd }: BuiltServer) {
  const script = `set -eo pipefail\nplugctl() { "${process.execPath}" "${LAUNCHER}" "$@"; }\n${block}`;
  return new Promise<{ exitCode: number; output: string }>((done) => {
    execFile(
      "bash",
      ["-c", script],
      { cwd, env: { ...env, ...GIT_USER, PLUGCTL_YES: "1" } },
      (error, stdout, stderr) =>
        done({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

describeWith(["apt", "bubblewrap", "fakeroot"], "plugins as Debian packages", () => {
  test("the tour of docs/deb.md works from its first to its last command", { timeout: 120_000 }, async () => {
    const [, tour = ""] = /^## A tour from zero\n(.*?)^## /ms.exec(await readFile(PAGE, "utf8")) ?? [];
    const [serve, ...blocks] = [...tour.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
    expect(serve).toBe("plugctl serve --data ./data --only deb\n");
    expect(blocks.length).toBeGreaterThan(5);
    await using server = await BuiltServer.start({ args: ["--only", "deb"] });
    let output = "";
    for (const block of blocks) {
      const ended = await inShell(block.replaceAll("http://127.0.0.1:7400", server.http), server);
      output += ended.output;
      expect(ended.exitCode, `${block}\n${output}`).toBe(0);
    }
    expect(output).toContain("acme/hello 1.1.0 (was 1.0.0) is installed");
    expect(output).toContain("greeting=hello");
    expect(output).toContain("Signed-By:");
    expect(output).toContain("acme/hello 1.0.0 is purged");
    await expect(readFile(join(server.folder, "data/deb/root/etc/hello/hello.conf"))).rejects.toThrow();
  });

  test("Ctrl-C leaves the server at it, which is cancelled by what was said then", {
    timeout: 120_000,
  }, async () => {
    await using server = await BuiltServer.start({ args: ["--only", "deb"] });
    const plugin = join(server.folder, "endless");
    const rules = { build: "echo begun; sleep 600" };
    await writeFiles(plugin, pluginFiles({ namespace: "acme", name: "endless", rules }));
    await chmod(join(plugin, "wazo/rules"), 0o755);
    const child = spawn(process.execPath, [LAUNCHER, "install", plugin], {
      env: server.env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const exit = once(child, "exit");
    let said = "";
    for await (const chunk of child.stderr) {
      const before = said;
      said += chunk;
      // A second signal would end it at once.
      const isBuilding = (text: string) => text.includes("building acme/endless");
      if (isBuilding(said) && !isBuilding(before)) child.kill("SIGINT");
    }
    expect(await exit, said).toEqual([130, null]);
    const [, cancel = ""] = /, plugctl (deb cancel local-deb:[0-9a-f-]{36}) ends it$/m.exec(said) ?? [];
    const cancelled = await server.run(...cancel.split(" "), "-o", "json");
    expect(JSON.parse(cancelled)).toMatchObject({ target: "local-deb", state: "cancelled" });
    expect(await server.run("history", "acme/endless")).toContain("failed");
    const again = await runBuilt(cancel.split(" "), { env: server.env });
    expect(again).toMatchObject({ exitCode: 5, stdout: "" });
  });

  test("a folder is built to a package without a server, and by one to the same", {
    timeout: 120_000,
  }, async () => {
    await using server = await BuiltServer.start({ args: ["--only", "deb"] });
    const plugin = join(server.folder, "made");
    const rules = { build: "echo compiled" };
    await writeFiles(plugin, pluginFiles({ namespace: "acme", name: "made", version: "1.0", rules }));
    await chmod(join(plugin, "wazo/rules"), 0o755);
    const name = "wazo-plugind-made-acme_1.0_all.deb";
    const build = (...words: string[]) =>
      runBuilt(["deb", "build", "made", ...words], { env: server.env, cwd: server.folder });
    const here = await build();
    expect(here, here.stderr).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`is in ${name}`),
    });
    expect(here.stderr).toMatch(/^building acme\/made 1\.0\n {2}\| compiled$/m);
    const there = await build("--out", "there/", "-t", "local-deb", "-o", "name", "-q");
    expect(there).toMatchObject({
      exitCode: 0,
      stdout: `${join(server.folder, "there", name)}\n`,
      stderr: "",
    });
    const packages = [join(server.folder, name), join(server.folder, "there", name)];
    const [one, other] = await Promise.all(packages.map((file) => readFile(file)));
    expect(one).toEqual(other);
    const installed = await runBuilt(["install", name], { env: server.env, cwd: server.folder });
    expect(installed, installed.stderr).toMatchObject({ exitCode: 0 });
    for (const [words, exitCode] of [
      [["--out", "/no/folder"], 2],
      [["-t", "local-deb", "--isolation", "host"], 2],
      [["-t", "nowhere"], 3],
    ] as const) {
      expect(await build(...words), words.join(" ")).toMatchObject({ exitCode, stdout: "" });
    }
  });

  test("a step that fails is named with the end of what it printed", { timeout: 120_000 }, async () => {
    await using server = await BuiltServer.start({ args: ["--only", "deb"] });
    const plugin = join(server.folder, "broken");
    const install = async (rules: Record<string, string>, ...words: string[]) => {
      await writeFiles(plugin, pluginFiles({ namespace: "acme", name: "broken", rules }));
      await chmod(join(plugin, "wazo/rules"), 0o755);
      return runBuilt(["install", plugin, ...words], { env: server.env });
    };
    const failing = "seq -f 'line %g' 40; printf 'red \\033[31malert\\n'; exit 3";
    const build = await install({ build: failing });
    expect(build.exitCode).toBe(2);
    const lines = build.stderr.split("\n");
    const message = lines.findIndex((line) =>
      line.includes("while building: wazo/rules build failed with exit code 3"),
    );
    expect(message).toBeGreaterThanOrEqual(0);
    const shown = Array.from({ length: 19 }, (_, index) => `  | line ${index + 22}`);
    expect(lines.slice(message + 1, message + 21)).toEqual([...shown, "  | red [31malert"]);
    expect(lines[message + 21]).toMatch(/hint {2}plugctl logs local-deb:[0-9a-f-]{36} shows all of it/);

    const script = await install({ install: "echo so it ends; exit 4" });
    expect(script.stderr).toMatch(
      /while installing: the post-installation script of \S+ failed with exit status 4/,
    );
    expect(script.stderr).toMatch(/^ {2}\| so it ends$/m);

    const json = await install({ build: failing }, "-o", "json");
    expect(JSON.parse(json.stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({
      error: {
        code: "ERR_PLUGCTL_INVALID",
        details: { step: "building", exitCode: 3, log: expect.stringContaining("line 1\n") },
      },
    });
    expect(JSON.parse(await server.run("list", "-o", "json"))).toEqual([]);
  });
});
