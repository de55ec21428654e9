// Writes what published Kafka clients do on the embedded broker into docs/kafka-compatibility.md.
// Needs root, and what test/integration/kafka/clients.test.ts asks for.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--project", "integration", "test/integration/kafka/clients.test.ts"],
  { stdio: "inherit", env: { ...process.env, WRITE_PAGES: "1" } },
);
process.exitCode = status ?? 1;
