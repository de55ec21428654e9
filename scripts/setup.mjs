// Set-up of a clone: installs what is missing and builds what is stale. Runs on the system's Node, whatever its age,
// before anything is installed, so it uses nothing but Node itself.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The Node 24 of the devDependency, which everything but this script runs on. */
export const NODE = join(ROOT, "node_modules", "node", "bin", "node");

const INSTALL_STAMP = join(ROOT, "node_modules", ".plugctl-installed");

/** Installs the locked dependencies unless they are there already. */
export function ensureInstalled() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(ROOT, "package.json")))
    .update(readFileSync(join(ROOT, "package-lock.json")))
    .update(process.platform + process.arch)
    .digest("hex");
  if (existsSync(NODE) && existsSync(INSTALL_STAMP) && readFileSync(INSTALL_STAMP, "utf8") === wanted) return;
  step("installing dependencies");
  npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(INSTALL_STAMP, wanted);
}

/** Builds the program and the examples unless their outputs are newer than their sources. */
export function ensureBuilt() {
  const common = ["package.json", "package-lock.json"];
  if (isStale("dist/cli.js", ["src", "tsup.config.ts", ...common])) {
    step("building plugctl");
    npm(["run", "--silent", "build"]);
  }
  if (isStale("dist/demo/host-app/index.html", ["examples", "scripts/build-examples.mjs", ...common])) {
    step("building the examples");
    npm(["run", "--silent", "build:examples"]);
  }
}

/** Runs a program of ours on Node 24 with the terminal's streams; returns its exit code. */
export function run(args, options = {}) {
  const { status, signal, error } = spawnSync(NODE, args, { cwd: ROOT, stdio: "inherit", ...options });
  if (error) throw error;
  return status ?? (signal === "SIGINT" ? 130 : 1);
}

/** Runs npm; ends the process with npm's exit code when it fails. */
function npm(args) {
  const { status, stdout, stderr } = spawnSync("npm", args, {
    cwd: ROOT,
    encoding: "utf8",
    shell: process.platform === "win32",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ""}${stderr ?? ""}npm ${args.join(" ")} failed\n`);
  process.exit(status ?? 1);
}

function isStale(output, inputs) {
  const path = join(ROOT, output);
  if (!existsSync(path)) return true;
  const built = statSync(path).mtimeMs;
  return inputs.some((input) => newest(join(ROOT, input)) > built);
}

function newest(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(
    stats.mtimeMs,
    ...readdirSync(path)
      .filter((name) => name !== "node_modules" && name !== "dist")
      .map((name) => newest(join(path, name))),
  );
}

function step(what) {
  process.stderr.write(`${what} …\n`);
}
