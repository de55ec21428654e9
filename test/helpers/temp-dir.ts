import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A directory that goes away with the test that asked for it. */
export async function makeTempDir(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "plugctl-test-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
