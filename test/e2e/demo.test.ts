import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { findChromium } from "../../src/actions/demo/chromium.ts";
import { LAUNCHER, runBuilt } from "../helpers/built-plugctl.ts";
import { makeTempDir } from "../helpers/temp-dir.ts";

// Some twenty processes start one after the other, on machines that have other things to do.
vi.setConfig({ testTimeout: 120_000 });

const hasChromium = findChromium(process.env) !== undefined;
if (!hasChromium)
  process.stderr.write("skipped: the demo in a browser needs Chromium (Debian package: chromium)\n");

/** A home and a temporary folder that nobody else uses, so that whatever is left in them was left by the demo. */
async function ownWorld(path: string) {
  const folder = await makeTempDir();
  const [home, temp] = [join(folder, "home"), join(folder, "tmp")];
  await mkdir(home);
  await mkdir(temp);
  return {
    home,
    temp,
    env: { PATH: path, HOME: home, TMPDIR: temp, NODE_COMPILE_CACHE: join(folder, "code"), LANG: "C.UTF-8" },
    async leftovers() {
      return {
        home: await readdir(home),
        temp: await readdir(temp),
        processes: await processesOf(temp),
      };
    },
  };
}

const NOTHING = { home: [], temp: [], processes: [] };

/** The command lines of all processes whose environment names a folder. */
async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    // Processes of others cannot be read, and some end while one looks.
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
    if ((await read("environ")).includes(folder)) found.push((await read("cmdline")).replaceAll("\0", " "));
  }
  return found;
}

function startDemo(args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [LAUNCHER, "demo", ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  return {
    child,
    async until(text: string): Promise<string> {
      while (!output.includes(text)) {
        if (child.exitCode !== null) throw new Error(`the demo ended with ${child.exitCode}:\n${output}`);
        await once(child.stdout, "data");
      }
      return output;
    },
  };
}

async function endBy(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  child.kill(signal);
  const [exitCode] = (await once(child, "close")) as [number | null];
  return exitCode;
}

function expectStory(stdout: string): void {
  expect(stdout).toContain("$ PLUGCTL_TOKEN=plc_… plugctl publish greeter --provider acme\n");
  expect(stdout).toMatch(/greeter 1\.0\.0, running\n.*Good \w+\n/);
  expect(stdout).toMatch(/- greeter 1\.0\.0, running\n/);
  expect(stdout).toMatch(/\+ greeter 1\.1\.0, running\n/);
  expect(stdout).toMatch(/\+ English · Català · Deutsch · Ελληνικά\n/);
  expect(stdout).toContain("exit code 5: conflict\n");
  expect(stdout).not.toMatch(/plc_\w/);
  expect(stdout).not.toContain("\u001b");
}

test.skipIf(!hasChromium)("the demo runs its plugin in Chromium and leaves nothing behind", async () => {
  const world = await ownWorld(process.env.PATH ?? "");
  const { exitCode, stdout, stderr } = await runBuilt(["demo"], { env: world.env });
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  expect(stdout).toContain("\nChromium ");
  expectStory(stdout);
  expect(await world.leftovers()).toEqual(NOTHING);
});

test("without Chromium the demo runs its plugin in Node and leaves nothing behind", async () => {
  const world = await ownWorld("");
  const { exitCode, stdout, stderr } = await runBuilt(["demo"], { env: world.env });
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  expect(stdout).toContain("\nNode 24.");
  expectStory(stdout);
  expect(await world.leftovers()).toEqual(NOTHING);
});

test("what the user has configured for plugctl neither disturbs the demo nor is touched by it", async () => {
  const world = await ownWorld("");
  const env = {
    ...world.env,
    PLUGCTL_TARGET: "elsewhere",
    PLUGCTL_TOKEN: "plc_mine",
    PLUGCTL_FIELDS: "none",
  };
  const { exitCode, stdout } = await runBuilt(["demo"], { env });
  expect(exitCode).toBe(0);
  expectStory(stdout);
  expect(await world.leftovers()).toEqual(NOTHING);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 130],
] as const)("a demo that gets %s ends with %i and leaves nothing behind", async (signal, expected) => {
  const world = await ownWorld(process.env.PATH ?? "");
  const demo = startDemo([], world.env);
  await demo.until("plugctl provider add");
  expect(await endBy(demo.child, signal)).toBe(expected);
  expect(await world.leftovers()).toEqual(NOTHING);
});

test("--keep goes on until Ctrl-C, and says how another terminal can use the server", async () => {
  const world = await ownWorld("");
  const demo = startDemo(["--keep"], world.env);
  const output = await demo.until("Ctrl-C");
  const [, configDir = ""] = /export PLUGCTL_CONFIG_DIR=(\S+)/.exec(output) ?? [];
  const [, appUrl = ""] = /^application +(\S+)$/m.exec(output) ?? [];
  const listed = await runBuilt(["list", "-o", "json"], {
    env: { ...world.env, PLUGCTL_CONFIG_DIR: configDir, XDG_CACHE_HOME: join(configDir, "cache") },
  });
  expect(JSON.parse(listed.stdout)).toMatchObject([{ name: "greeter", version: "1.1.0" }]);
  expect((await fetch(appUrl)).status).toBe(200);
  expect(await endBy(demo.child, "SIGINT")).toBe(0);
  expect(await world.leftovers()).toEqual(NOTHING);
});
