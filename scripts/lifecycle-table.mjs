// Writes what each command does to a plugin in each state, on Docker and on Podman, into docs/container-lifecycle.md.
// Needs root, a build (npm run build), and Debian's docker.io, podman, docker-registry and busybox-static.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--project", "e2e", "test/e2e/container-lifecycle.test.ts"],
  { stdio: "inherit", env: { ...process.env, WRITE_PAGES: "1" } },
);
process.exitCode = status ?? 1;
