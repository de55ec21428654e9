import { execFile } from "node:child_process";
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
