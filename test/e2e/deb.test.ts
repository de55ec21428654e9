import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BuiltServer, LAUNCHER } from "../helpers/built-plugctl.ts";
import { describeWith } from "../helpers/debian-programs.ts";

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
});
