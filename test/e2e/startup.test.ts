import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { makeTempDir } from "../helpers/temp-dir.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** Files that the built program loads for a command line. */
async function filesLoaded(args: string[]): Promise<string[]> {
  const folder = await makeTempDir();
  const report = join(folder, "files");
  const counter = pathToFileURL(join(ROOT, "bench", "count-files.mjs")).href;
  execFileSync(process.execPath, ["--import", counter, join(ROOT, "bin", "plugctl.js"), ...args], {
    env: { ...process.env, PLUGCTL_CONFIG_DIR: folder, PLUGCTL_COUNT_FILES: report },
    stdio: "ignore",
  });
  return readFileSync(report, "utf8").split("\n").filter(Boolean);
}

describe("start-up", () => {
  it("loads at most ten files for --version, and none of an adapter, the server or a library", async () => {
    const files = await filesLoaded(["--version"]);
    expect(files.length).toBeGreaterThan(0);
    expect(files.length).toBeLessThanOrEqual(10);
    expect(files.filter((file) => /adapters|server|node_modules/.test(file))).toEqual([]);
  });

  it.each([["--help"], ["target", "list"], ["config", "show"]])(
    "loads neither adapter nor server nor anything of node_modules for %s %s",
    async (...args) => {
      const files = await filesLoaded(args.filter((word) => word !== undefined));
      expect(
        files.filter((file) => /adapters\.(?:store|kafka|deb|container)|server|node_modules/.test(file)),
      ).toEqual([]);
    },
  );
});
