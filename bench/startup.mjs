// Start-up of plugctl beside a Node that does nothing: CPU time (median of 20, in turn) and files loaded.
//   npm run bench:startup
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compare } from "./cpu.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE = process.execPath;
const BIN = join(ROOT, "bin", "plugctl.js");
const COUNTER = pathToFileURL(join(ROOT, "bench", "count-files.mjs")).href;
const RUNS = 20;

/** What each may cost at most, as a multiple of `node -e 0`. */
const LIMITS = { "plugctl --version": 1.5, "plugctl target list": 2.2, "plugctl list": 3.5 };

const folder = mkdtempSync(join(tmpdir(), "plugctl-bench-"));
// In a project, as most are run, whose package.json has no settings of ours.
writeFileSync(join(folder, "package.json"), '{"name": "project", "plugctl": {"displayName": "a plugin"}}');
process.chdir(folder);
const env = { PLUGCTL_CONFIG_DIR: join(folder, "config"), NODE_COMPILE_CACHE: join(folder, "compile-cache") };
const server = spawn(
  NODE,
  [BIN, "serve", "--data", join(folder, "data"), "--port", "0", "--ready-file", join(folder, "ready.json")],
  { env: { ...process.env, ...env }, stdio: "ignore" },
);
try {
  await ready(join(folder, "ready.json"));
  const commands = {
    "node -e 0": { args: ["-e", "0"] },
    ...Object.fromEntries(
      Object.keys(LIMITS).map((line) => [line, { args: [BIN, ...line.split(" ").slice(1)], env }]),
    ),
  };
  const rows = await compare(NODE, commands, RUNS);
  process.stdout.write(`node ${process.versions.node}, CPU time, median of ${RUNS} in turn\n`);
  for (const { label, medianMs, ratio } of rows) {
    const files = commands[label].env === undefined ? 0 : filesLoaded(commands[label].args);
    const limit = LIMITS[label];
    const verdict = limit === undefined ? "" : `  limit ${limit}x ${ratio <= limit ? "ok" : "OVER"}`;
    process.stdout.write(
      `${label.padEnd(22)} ${medianMs.toFixed(0).padStart(5)} ms ${ratio.toFixed(2).padStart(6)}x ${String(files).padStart(4)} files${verdict}\n`,
    );
  }
} finally {
  server.kill("SIGTERM");
  await once(server, "exit");
  rmSync(folder, { recursive: true, force: true });
}

function filesLoaded(args) {
  const report = join(folder, "files");
  execFileSync(NODE, ["--import", COUNTER, ...args], {
    env: { ...process.env, ...env, PLUGCTL_COUNT_FILES: report },
    stdio: "ignore",
  });
  return readFileSync(report, "utf8").split("\n").filter(Boolean).length;
}

async function ready(file) {
  for (let waited = 0; waited < 30_000; waited += 100) {
    try {
      return JSON.parse(readFileSync(file, "utf8"));
    } catch {
      await sleep(100);
    }
  }
  throw new Error("the server did not become ready");
}
