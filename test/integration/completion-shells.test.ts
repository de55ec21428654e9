import { execFile, execFileSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { writeCachedPlugins } from "../../src/completion/plugin-cache.ts";
import { PseudoTerminal } from "../helpers/pseudo-terminal.ts";
import { makeTempDir } from "../helpers/temp-dir.ts";

const CLI = resolve("src/cli.ts");
/** Nothing listens there: what is completed comes out of the cache. */
const URL = "http://127.0.0.1:9";

/** Says why a test is skipped where a shell is not installed; its Debian package has the same name. */
function isInstalled(shell: string): boolean {
  try {
    execFileSync(shell, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    process.stderr.write(`skipped: completion in ${shell} (apt-get install ${shell})\n`);
    return false;
  }
}

/** An environment in which `plugctl` is this source tree, with two targets and their plugins in the cache. */
async function makeEnvironment() {
  const home = await makeTempDir();
  const bin = join(home, "bin");
  const config = join(home, "config");
  await Promise.all([mkdir(bin), mkdir(config), mkdir(join(home, "some folder"))]);
  const script = `import { main } from ${JSON.stringify(CLI)}; process.exitCode = await main(process.argv.slice(2));`;
  await writeFile(join(home, "main.mjs"), script);
  const launcher = join(bin, "plugctl");
  await writeFile(launcher, `#!/bin/sh\nexec '${process.execPath}' '${join(home, "main.mjs")}' "$@"\n`);
  await chmod(launcher, 0o755);
  const target = { kind: "store", url: URL };
  await writeFile(
    join(config, "config.yaml"),
    JSON.stringify({ targets: { "local-store": target, work: target } }),
  );
  const env = {
    HOME: home,
    PATH: [bin, process.env.PATH].join(delimiter),
    PLUGCTL_CONFIG_DIR: config,
    XDG_CACHE_HOME: join(home, "cache"),
    XDG_CONFIG_HOME: join(home, "xdg"),
    PS1: "$ ",
    LC_ALL: "C.UTF-8",
  };
  /** The cache is good for ten seconds only. */
  const fillCache = async () => {
    for (const name of ["local-store", "work"]) {
      await writeCachedPlugins(join(env.XDG_CACHE_HOME, "plugctl"), { name, url: URL }, new Date(), [
        { value: "@acme/maps", description: "Maps" },
        { value: "orders" },
      ]);
    }
  };
  return { env, home, fillCache };
}

/** What is typed before the key is pressed, and the line that it makes. */
const COMPLETED: readonly (readonly [typed: string, line: string])[] = [
  ["plugctl tok", "plugctl token "],
  ["plugctl token cr", "plugctl token create "],
  ["plugctl --output=y", "plugctl --output=yaml "],
  ["plugctl -t w", "plugctl -t work "],
  ["plugctl info loc", "plugctl info local-store:"],
  ["plugctl info local-store:@a", "plugctl info local-store:@acme/maps "],
  ["plugctl info work:or", "plugctl info work:orders "],
  ["plugctl info @ac", "plugctl info @acme/maps "],
  ["plugctl server backup some", "plugctl server backup some\\ folder/"],
];

describe.each([
  { shell: "bash", args: ["--norc", "--noprofile", "-i"], prepare: "bind 'set enable-bracketed-paste off'" },
  { shell: "zsh", args: ["-f", "-i"], prepare: "autoload -Uz compinit && compinit -u -D" },
])("in an interactive $shell", ({ shell, args, prepare }) => {
  it.skipIf(!isInstalled(shell))("the key completes commands, options, values and names", async () => {
    const { env, home, fillCache } = await makeEnvironment();
    const terminal = new PseudoTerminal(shell, args, { env, cwd: home });
    terminal.type(`${prepare}; source <(plugctl completion ${shell}); echo rea""dy\r`);
    await terminal.shows("ready\r\n");
    for (const [typed, line] of COMPLETED) {
      await fillCache();
      terminal.type(typed);
      await terminal.shows(typed);
      terminal.type("\t");
      await terminal.shows(line.slice(typed.length));
      // Ctrl-U empties the line.
      terminal.type(`\u0015echo do""ne\r`);
      await terminal.shows("done\r\n");
    }
  });
});

describe("in fish", () => {
  it.skipIf(!isInstalled("fish"))("candidates come with their descriptions", async () => {
    const { env, home, fillCache } = await makeEnvironment();
    const complete = async (line: string) => {
      await fillCache();
      const script = `plugctl completion fish | source; complete -C ${JSON.stringify(line)}`;
      const { stdout } = await promisify(execFile)("fish", ["--no-config", "-c", script], { env, cwd: home });
      return stdout.split("\n").filter((text) => text !== "");
    };
    expect(await complete("plugctl tok")).toEqual(["token\tCredentials for pipelines and machines"]);
    expect(await complete("plugctl token ")).toHaveLength(3);
    expect(await complete("plugctl --output=y")).toEqual(["--output=yaml"]);
    expect(await complete("plugctl info local-store:@")).toEqual(["local-store:@acme/maps\tMaps"]);
    expect(await complete("plugctl info loc")).toEqual([`local-store:\tstore ${URL}`]);
    expect(await complete("plugctl server backup some")).toEqual(["some folder/"]);
    expect(await complete("plugctl token create --output-file=some")).toEqual(["--output-file=some folder/"]);
  });
});

it("answers a shell with the protocol and nothing else", async () => {
  const { env, home } = await makeEnvironment();
  const { stdout, stderr } = await promisify(execFile)("plugctl", ["complete", "--", "user", "a"], {
    env,
    cwd: home,
  });
  expect(stdout).toBe("add\tAdd a user\n:\n");
  expect(stderr).toBe("");
});
