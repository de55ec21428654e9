import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isPlugctlError } from "../../../../src/core/errors.ts";
import { lockDataDirectory } from "../../../../src/server/storage/data-directory.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

const MODULE = new URL("../../../../src/server/storage/data-directory.ts", import.meta.url).href;

async function startHolder(directory: string) {
  const script = `
    const { lockDataDirectory } = await import(${JSON.stringify(MODULE)});
    await lockDataDirectory(${JSON.stringify(directory)});
    console.log("held");
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

describe("lockDataDirectory", () => {
  it("makes the directory private, also one that exists", async () => {
    const directory = await makeTempDir();
    for (const path of [directory, join(directory, "new", "deep")]) {
      const lock = await lockDataDirectory(path);
      expect((await stat(path)).mode & 0o777).toBe(0o700);
      lock.release();
    }
  });

  it("refuses a second server of the same process until the first has let go", async () => {
    const directory = await makeTempDir();
    const lock = await lockDataDirectory(directory);
    await expect(lockDataDirectory(directory)).rejects.toMatchObject({ code: "CONFLICT" });
    lock.release();
    (await lockDataDirectory(directory)).release();
  });

  it("refuses a second server, naming the process, and is free again when that is killed", async () => {
    const directory = await makeTempDir();
    const holder = await startHolder(directory);
    const error = await lockDataDirectory(directory).catch((thrown: unknown) => thrown);
    expect(isPlugctlError(error) && error.code).toBe("CONFLICT");
    expect(String(error)).toContain(`process ${holder.pid}`);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    (await lockDataDirectory(directory)).release();
  });
});
