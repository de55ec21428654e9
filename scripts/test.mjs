// `npm test`: sets the clone up, then runs every check and every suite. The last line is
// `N passed, N failed, N skipped` over all of them; each check counts as one.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, NODE, ROOT } from "./setup.mjs";

/** What some tests need of the system: the program or file that is looked for, and the Debian package that brings it. */
const SYSTEM_PROGRAMS = {
  bwrap: "bubblewrap",
  busybox: "busybox-static",
  chromium: "chromium",
  debootstrap: "debootstrap",
  "docker-registry": "docker-registry",
  dockerd: "docker.io",
  fakeroot: "fakeroot",
  fish: "fish",
  kcat: "kcat",
  lintian: "lintian",
  lz4: "lz4",
  podman: "podman",
  "rabbitmq-server": "rabbitmq-server",
  zsh: "zsh",
  zstd: "zstd",
  java: "default-jre-headless",
  mvn: "maven",
  "/usr/lib/python3/dist-packages/confluent_kafka/__init__.py": "python3-confluent-kafka",
  "/usr/lib/python3/dist-packages/kafka/__init__.py": "python3-kafka",
  "/usr/lib/python3/dist-packages/lz4/__init__.py": "python3-lz4",
  "/usr/lib/python3/dist-packages/snappy/__init__.py": "python3-snappy",
  "/usr/lib/python3/dist-packages/zstandard/__init__.py": "python3-zstandard",
};

/** Checks that are not tests; each is a script of package.json. */
const CHECKS = ["lint", "typecheck", "unused", "package:check"];

const inCI = process.env.CI === "true";
const tally = { passed: 0, failed: 0, skipped: 0 };

ensureInstalled();
ensureBuilt();
if (inCI && process.getuid?.() === 0) installSystemPrograms();
for (const check of CHECKS) runCheck(check);
runSuites();
if (inCI && tally.skipped > 0) {
  process.stdout.write("in CI nothing may be skipped\n");
  tally.failed += tally.skipped;
  tally.skipped = 0;
}
process.exitCode = tally.failed === 0 ? 0 : 1;
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped\n`);

function installSystemPrograms() {
  const missing = Object.entries(SYSTEM_PROGRAMS)
    .filter(([name]) => !(name.startsWith("/") ? existsSync(name) : spawnSync("which", [name]).status === 0))
    .map(([, name]) => name);
  if (missing.length === 0) return;
  process.stdout.write(`installing ${missing.join(", ")}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...missing]]) {
    const { status, stdout, stderr } = spawnSync("apt-get", args, { encoding: "utf8", env });
    if (status !== 0) process.stdout.write(`apt-get ${args[0]} failed:\n${stdout}${stderr}`);
  }
}

function runCheck(script) {
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", script], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const passed = status === 0;
  tally[passed ? "passed" : "failed"] += 1;
  process.stdout.write(`${passed ? "ok" : "FAILED"}  ${script}\n${passed ? "" : `${stdout}${stderr}`}`);
}

function runSuites() {
  const folder = mkdtempSync(join(tmpdir(), "plugctl-test-"));
  const report = join(folder, "report.json");
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { status } = spawnSync(NODE, [...args, ...process.argv.slice(2)], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, PATH: `${join(ROOT, "node_modules", ".bin")}:${process.env.PATH}` },
  });
  try {
    const results = JSON.parse(readFileSync(report, "utf8"));
    tally.passed += results.numPassedTests;
    tally.failed += results.numFailedTests;
    tally.skipped += results.numPendingTests + results.numTodoTests;
    // A file that cannot be loaded has no tests to fail, and an error outside of tests belongs to none.
    if (status !== 0 && results.numFailedTests === 0) tally.failed += 1;
  } catch {
    tally.failed += 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
