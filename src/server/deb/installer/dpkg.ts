import { conflictError, invalidError, PlugctlError } from "../../../core/errors.ts";
import { lastLines, type ProcessResult } from "./process.ts";

/** Questions about changed configuration files are not asked: what the administrator changed stays. */
const OPTIONS = ["--force-confdef", "--force-confold"] as const;

export const INSTALL = ["dpkg", ...OPTIONS, "--install"] as const;
export const REMOVE = ["dpkg", ...OPTIONS, "--remove"] as const;
export const PURGE = ["dpkg", ...OPTIONS, "--purge"] as const;

const SCRIPT_FAILED =
  /^ *(?:new |old |installed )(\S+) package (\S+) script subprocess (?:returned error exit status (\d+)|was killed by signal \(([^)]+)\)|failed)/m;

/**
 * Says why dpkg or apt failed.
 * @param step for `details.step`. @returns INVALID for a script of a package's, CONFLICT for files of another's,
 * UNAVAILABLE when the disk is full.
 */
export function packageError(
  step: "installing" | "removing" | "updating",
  result: ProcessResult,
): PlugctlError {
  const { output, exitCode } = result;
  const details = { step, log: lastLines(output) };
  if (output.includes("No space left on device")) return diskFull(details);
  const [, name, script, status, signal] = SCRIPT_FAILED.exec(output) ?? [];
  if (script !== undefined) {
    const end =
      status === undefined ? `was ended by ${signal ?? "a fault"}` : `failed with exit status ${status}`;
    return invalidError(`the ${script} script of ${name} ${end}`, {
      details: { ...details, package: name, script, exitCode: status === undefined ? null : Number(status) },
    });
  }
  const [, holder] = /lock was locked by another process with pid (\d+)/.exec(output) ?? [];
  if (holder !== undefined) {
    return new PlugctlError("UNAVAILABLE", `process ${holder} has locked the packages meanwhile`, {
      hint: "try again when it has ended",
      details: { ...details, pid: Number(holder) },
    });
  }
  const [, path, other] = /trying to overwrite '([^']+)', which is also in package (\S+)/.exec(output) ?? [];
  if (path !== undefined) {
    return conflictError(`the file ${path} belongs to ${other} already`, {
      details: { ...details, path, package: other },
    });
  }
  const [, reason] = /^(?:dpkg(?:-deb)?: error|E): *(.+)/m.exec(output) ?? [];
  return invalidError(`dpkg could not do it: ${reason ?? `exit status ${exitCode}`}`, { details });
}

/** The disk is full: nothing of the package's is wrong. */
export const diskFull = (details?: Record<string, unknown>): PlugctlError =>
  new PlugctlError("UNAVAILABLE", "there is no space left on the disk of the packages' root", {
    hint: "free some and try again",
    details,
  });
