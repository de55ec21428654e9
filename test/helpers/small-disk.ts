import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { onTestFinished } from "vitest";

/** Why there can be none here; undefined where there can. */
export const noSmallDisk = process.geteuid?.() === 0 ? undefined : "mounting a small disk needs root";

/** Mounts a disk of few megabytes at a path, until the test has ended. */
export function mountSmallDisk(path: string, megabytes: number, owner = 0): void {
  mkdirSync(path, { recursive: true });
  const options = `size=${megabytes}m,uid=${owner},gid=${owner},mode=0700`;
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]);
  // What still works in there as the test ends keeps its view until it has ended as well.
  onTestFinished(() => void execFileSync("umount", ["--lazy", path]));
}
