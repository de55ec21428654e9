import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");
const BIN = join(ROOT, "bin", "plugctl.js");

describe("the launcher", () => {
  it("prints the version of the package", () => {
    const { stdout, status } = spawnSync(process.execPath, [BIN, "--version"], { encoding: "utf8" });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(status).toBe(0);
  });

  it("says in one line what an older Node lacks, without a stack trace", () => {
    // The version is what the launcher looks at; an older Node need not be installed to show what it then says.
    const pretend = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.20.2'})";
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--import", pretend, BIN, "list"], {
      encoding: "utf8",
    });
    expect(stderr).toBe("plugctl needs Node.js 24.15 or newer, and this is 20.20.2\n");
    expect(stdout).toBe("");
    expect(status).toBe(1);
  });

  it("runs from the files that the package ships", () => {
    expect(existsSync(join(ROOT, "dist", "cli.js"))).toBe(true);
    const { status } = spawnSync(process.execPath, [BIN, "nonsense"], { encoding: "utf8" });
    expect(status).toBe(2);
  });
});
